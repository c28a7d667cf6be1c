// Reading the code in a picture: by the browser where it can, otherwise by our server.
const LARGEST = 640; // pixels on either side of a picture that is sent
const QUALITY = 0.6;
const MOVED = 3; // of 255, on average: the picture is another one
const LIVELY = 3000; // milliseconds of looking closely after something moved
const AT_REST = 2000; // milliseconds between two pictures while nothing moves: it saves a phone's data

// Gives a function from the video to { code, other }: the code of a card or null, and whether there was another code.
// It gives null when it did not look.
export async function newReader({ frames, pattern }, token) {
  const formats = await globalThis.BarcodeDetector?.getSupportedFormats().catch(() => []) ?? [];
  return formats.includes("qr_code") ? browserReader(new RegExp(`^${pattern}$`)) : serverReader(frames, token);
}

function browserReader(pattern) {
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  return async (video) => {
    const texts = (await detector.detect(video)).map((found) => found.rawValue);
    const code = texts.find((text) => pattern.test(text)) ?? null;
    return { code, other: texts.length > 0 };
  };
}

function serverReader(address, token) {
  const picture = document.createElement("canvas");
  const moves = motion();
  let sent = 0;
  return async (video) => {
    if (!video.videoWidth) return null;
    if (!moves(video) && performance.now() - sent < AT_REST) return null;
    sent = performance.now();
    const body = await frame(video, picture);
    const answer = await fetch(address, { method: "POST", body, headers: { "X-CSRFToken": token } });
    if (answer.status === 401) location.reload(); // signed out: ask to sign in
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return answer.json();
  };
}

// The middle of the picture, square, as a JPEG.
function frame(video, canvas) {
  const side = Math.min(video.videoWidth, video.videoHeight);
  canvas.width = canvas.height = Math.min(side, LARGEST);
  const left = (video.videoWidth - side) / 2, top = (video.videoHeight - side) / 2;
  canvas.getContext("2d").drawImage(video, left, top, side, side, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}

// Whether something moved lately, told from a picture of 16 by 16.
function motion() {
  const small = document.createElement("canvas");
  small.width = small.height = 16;
  const pen = small.getContext("2d", { willReadFrequently: true });
  let before = null, movedAt = 0;
  return (video) => {
    pen.drawImage(video, 0, 0, 16, 16);
    const now = pen.getImageData(0, 0, 16, 16).data;
    const change = before ? now.reduce((sum, value, place) => sum + Math.abs(value - before[place]), 0) / now.length : 255;
    if (change > MOVED) [before, movedAt] = [now, performance.now()];
    return performance.now() - movedAt < LIVELY;
  };
}
