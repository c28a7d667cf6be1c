// The camera: opens it, looks for codes in its picture, and says what is wrong when there is none to open.
import { newReader } from "./reading.js";

const WISHES = { video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } } };
const PACE = 200; // milliseconds between two looks
const TROUBLE = 2000; // milliseconds to wait when a look has failed
const GONE = 4000; // milliseconds out of sight after which the same code counts as shown anew

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// onCode: called with the code of a card once, for as long as it stays in sight. isPaused: nobody looks meanwhile.
export async function openCamera(box, excuse, { token, onCode, isPaused }) {
  const video = box.querySelector("video");
  excuse.querySelector("button").onclick = () => location.reload();
  try {
    await start(video, box);
  } catch (error) {
    return explain(box, excuse, error.name);
  }
  document.addEventListener("visibilitychange", () => { // phones take the camera away from pages in the background
    if (!document.hidden && !isLive(video)) start(video, box).catch((error) => explain(box, excuse, error.name));
  });
  watch(video, await newReader(box.dataset, token), box.querySelector("[data-other]"), onCode, isPaused);
}

async function start(video, box) {
  if (!navigator.mediaDevices) throw new DOMException("browsers offer it on https only", "NotFoundError");
  box.hidden = false;
  video.srcObject = await navigator.mediaDevices.getUserMedia(WISHES);
  offerLight(box.querySelector(".light"), video.srcObject.getVideoTracks()[0]);
  await video.play();
}

function isLive(video) {
  return video.srcObject.getVideoTracks()[0].readyState === "live";
}

function explain(box, excuse, name) {
  box.hidden = true;
  excuse.hidden = false;
  const words = excuse.querySelector(`[data-trouble="${name}"]`) ?? excuse.querySelector("[data-trouble=other]");
  words.hidden = false;
}

function offerLight(button, track) {
  button.hidden = !track.getCapabilities?.().torch;
  button.setAttribute("aria-pressed", false);
  button.onclick = async () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    await track.applyConstraints({ advanced: [{ torch: on }] });
    button.setAttribute("aria-pressed", on);
  };
}

async function watch(video, read, other, onCode, isPaused) {
  const seen = new Map(); // code -> when it was last in sight
  for (;; await sleep(PACE)) {
    const isStill = document.hidden || isPaused(); // then time stands still, too
    for (const [code, at] of seen) {
      if (isStill) seen.set(code, performance.now());
      else if (performance.now() - at > GONE) seen.delete(code);
    }
    const sight = isStill ? null : await read(video).catch(() => sleep(TROUBLE));
    if (!sight || isPaused()) continue;
    other.hidden = sight.code !== null || !sight.other;
    if (sight.code === null) continue;
    if (!seen.has(sight.code)) onCode(sight.code);
    seen.set(sight.code, performance.now());
  }
}
