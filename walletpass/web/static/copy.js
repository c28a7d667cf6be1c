// Copying a link with one tap; without this script the link stands there to be selected by hand.
for (const part of document.querySelectorAll("[data-copy]")) {
  const input = part.querySelector("input");
  const button = part.querySelector("button");
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(input.value);
    part.querySelector("[role=status]").textContent = part.dataset.copied;
  });
}
