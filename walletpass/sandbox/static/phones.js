// The phones live: what has changed is asked for while the page is looked at, and put in place of what was there.
const EVERY = 700;
const shelf = document.querySelector("[data-live-from]");
const sheet = document.querySelector(".barcode-sheet");
const shown = new Map();
let etag = `"${shelf.dataset.etag}"`;

async function look() {
  const answer = await fetch(shelf.dataset.liveFrom, { headers: { "If-None-Match": etag }, cache: "no-store" });
  if (answer.status !== 200) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  await dress(fresh);
  for (const part of fresh.querySelectorAll("[data-live]")) renew(document.getElementById(part.id), part);
  etag = answer.headers.get("ETag");
}

// Colours first, or a new pass would be seen without them for a moment.
function dress(fresh) {
  const known = new Set([...document.styleSheets].map((each) => each.href));
  const missing = [...fresh.querySelectorAll("link")].filter((link) => !known.has(new URL(link.getAttribute("href"), location).href));
  return Promise.all(missing.map((link) => new Promise((done) => {
    const added = document.head.appendChild(document.importNode(link));
    added.onload = added.onerror = done;
  })));
}

function renew(old, part) {
  if (shown.get(part.id) === part.innerHTML) return;
  shown.set(part.id, part.innerHTML);
  const before = remember(old);
  old.replaceChildren(...part.childNodes);
  restore(old, before);
  reveal(old);
}

// What the visitor has touched stays as it was: which pass is in front, which is turned over, how far down, the focus.
function remember(place) {
  return {
    passes: new Set([...place.querySelectorAll(".pass")].map((each) => each.id)),
    checked: new Map([...place.querySelectorAll("input")].map((each) => [each.id, each.checked])),
    scrolled: new Map([...place.querySelectorAll(".back-list")].map((each) => [each.id, each.scrollTop])),
    pictures: new Map([...place.querySelectorAll(".pass")].map((each) => [each.id, picture(each)])),
    lines: new Set([...place.querySelectorAll("[data-key]")].map((each) => each.dataset.key)),
    focused: place.contains(document.activeElement) ? document.activeElement.id : "",
  };
}

function restore(place, before) {
  const isNew = (pass) => !before.passes.has(pass.id);
  const added = [...place.querySelectorAll(".pass")].some(isNew);
  for (const input of place.querySelectorAll("input")) {
    // A new pass comes to the front by itself.
    if (before.checked.has(input.id) && !(added && input.type === "radio")) input.checked = before.checked.get(input.id);
  }
  for (const [id, top] of before.scrolled) document.getElementById(id)?.scrollTo(0, top);
  for (const pass of place.querySelectorAll(".pass")) {
    pass.classList.toggle("added", isNew(pass));
    pass.classList.toggle("changed", !isNew(pass) && before.pictures.get(pass.id) !== picture(pass));
  }
  for (const line of place.querySelectorAll("[data-key]")) line.classList.toggle("arrived", !before.lines.has(line.dataset.key));
  if (before.focused) document.getElementById(before.focused)?.focus();
}

function picture(pass) {
  return pass.querySelector(".pass-strip-image")?.getAttribute("src");
}

function reveal(place) {
  for (const button of place.querySelectorAll("[data-barcode]")) button.hidden = false;
}

// Forms are sent without leaving the page; without this script they come back to it.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  const button = event.submitter;
  const address = button?.hasAttribute("formaction") ? button.formAction : form.action;
  await fetch(address, { method: "POST", body: new FormData(form, button), redirect: "manual" });
  if (form.classList.contains("visit")) form.reset();
  await look();
});

document.addEventListener("click", async ({ target }) => {
  if (target.dataset.barcode) showBarcode(document.getElementById(`screen-${target.dataset.barcode}`));
  if ("close" in target.dataset) sheet.close();
  if ("copy" in target.dataset) {
    await navigator.clipboard.writeText(sheet.querySelector("[data-code]").textContent);
    sheet.querySelector("[role=status]").textContent = sheet.dataset.copied;
  }
});

function showBarcode(screen) {
  const pass = screen.querySelector(".pass:has(.pick:checked)");
  const code = pass?.querySelector(".pass-barcode");
  if (!code) return;
  sheet.querySelector(".barcode-place").replaceChildren(code.querySelector("svg").cloneNode(true));
  sheet.querySelector("[data-code]").textContent = code.dataset.code;
  sheet.querySelector("[role=status]").textContent = "";
  sheet.showModal();
}

async function watch() {
  const lost = document.querySelector("[data-lost]");
  if (document.visibilityState === "visible") {
    try {
      await look();
      lost.hidden = true;
    } catch {
      lost.hidden = false;
    }
  }
  setTimeout(watch, EVERY);
}

reveal(document);
watch();
