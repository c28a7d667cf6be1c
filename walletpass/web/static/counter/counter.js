// The counter with scripts: the same forms, sent without leaving the page, and codes from the camera and the scanner.
import { openCamera } from "./camera.js";
import { feel } from "./feeling.js";
import { listenToScanner } from "./scanner.js";
import { send } from "./sending.js";

const byId = (id) => document.getElementById(id);
const till = byId("till"), part = byId("part"), code = byId("code"), typing = byId("typing"), atOnce = byId("at-once");
const sending = byId("sending"), stop = sending.querySelector("button");
const waiting = part.querySelector(".waiting")?.cloneNode(true);
const TYPING = 5000; // milliseconds after a key in the field for the code: nobody is interrupted
let busy = false, typedAt = -TYPING;

async function act(address, fields) {
  if (busy) return null; // the second tap of an impatient thumb
  const stopped = new AbortController();
  stop.onclick = () => stopped.abort();
  wait(true);
  const page = await send(address, fields, stopped.signal, () => retry(true));
  wait(false);
  return show(page ? newsIn(page) : byId("unsure").content.cloneNode(true).firstElementChild);
}

function scan(text) {
  const fields = new URLSearchParams({ csrf_token: typing.csrf_token.value, code: text });
  if (atOnce.checked) {
    fields.set("count", 1);
    fields.set("key", crypto.randomUUID());
  }
  return act(typing.action, fields);
}

function wait(on) {
  busy = part.inert = on;
  part.setAttribute("aria-busy", on);
  sending.hidden = !on;
  retry(false);
}

function retry(on) {
  sending.querySelector("[data-sending]").hidden = on;
  sending.querySelector("[data-retrying]").hidden = stop.hidden = !on;
}

function newsIn(page) {
  const news = page.querySelector("[data-part]");
  if (news) return news;
  const whole = document.createElement("div"); // an error that has a page of its own, such as being signed out
  whole.className = "panel";
  whole.append(...(page.querySelector("main") ?? page.body).childNodes);
  return whole;
}

function show(news) {
  part.replaceChildren(news);
  till.classList.add("showing");
  scrollTo(0, 0);
  news.querySelector("[tabindex='-1']")?.focus({ preventScroll: true });
  byId("said").textContent = news.dataset.says ?? news.textContent;
  feel(news.dataset.feel ?? "refused");
  return news;
}

async function findTyped() {
  const news = await scan(code.value);
  if (!news) return;
  const found = news.querySelector(".found");
  if (found) typing.reset();
  else code.select(); // and focus, to be put right
  code.setAttribute("aria-invalid", !found);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-send]")) return;
  event.preventDefault();
  if (form === typing) return findTyped();
  const fields = new URLSearchParams(new FormData(form));
  if (event.submitter?.name) fields.set(event.submitter.name, event.submitter.value);
  act(form.action, fields);
});

document.addEventListener("click", (event) => {
  if (!event.target.closest(".menu")) document.querySelector(".menu").open = false;
  if (!event.target.closest("[data-close]") || !waiting) return;
  event.preventDefault();
  part.replaceChildren(waiting.cloneNode(true));
  till.classList.remove("showing");
});

addEventListener("beforeunload", (event) => busy && event.preventDefault());

code.addEventListener("input", () => { typedAt = performance.now(); });
atOnce.checked = localStorage.getItem("counter-at-once") === "yes";
atOnce.addEventListener("change", () => localStorage.setItem("counter-at-once", atOnce.checked ? "yes" : "no"));
byId("with-scripts").hidden = false;

listenToScanner(scan);
openCamera(byId("camera"), byId("no-camera"), {
  token: typing.csrf_token.value,
  onCode: scan,
  isPaused: () => busy || part.querySelector("input:focus") !== null || performance.now() - typedAt < TYPING,
});
