// The web card shows a new stamp by itself: it asks for the card's revision while it is looked at.
const card = document.querySelector("[data-state]");
const EVERY = 3000;

async function look() {
  const answer = await fetch(card.dataset.state);
  if (!answer.ok) return;
  const { revision, closed, says } = await answer.json();
  if (String(revision) === card.dataset.revision) return;
  if (closed) return location.reload();
  await show(revision);
  document.getElementById("says").textContent = says;
}

async function show(revision) {
  const answer = await fetch(location.pathname);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  card.replaceChildren(...page.querySelector("[data-state]").childNodes);
  card.dataset.revision = revision;
  card.querySelector(".pass").classList.add("changed");
}

async function watch() {
  if (document.visibilityState === "visible") {
    try { await look(); } catch { /* offline: the next look may succeed */ }
  }
  setTimeout(watch, EVERY);
}

// The address asked to open the wallet once; going back to it should not ask again.
if (location.search) history.replaceState(null, "", location.pathname);
setTimeout(watch, EVERY);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") look().catch(() => {});
});
