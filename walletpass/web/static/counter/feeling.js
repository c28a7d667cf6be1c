// A result that is heard and felt: nobody has to look at the screen.
const NOTES = { // hertz, one after the other
  shown: [660],
  good: [784, 1175],
  great: [784, 988, 1175, 1568],
  undone: [660, 494],
  refused: [196, 165],
};
const BUZZES = { shown: [25], good: [70], great: [70, 50, 70, 50, 140], undone: [40, 60, 40], refused: [180, 80, 180] };
const NOTE = 0.11; // seconds

let audio;
// Browsers keep a page silent until it is touched.
for (const touch of ["pointerdown", "keydown"]) {
  addEventListener(touch, () => { audio ??= new AudioContext(); audio.resume(); }, { capture: true, once: true });
}

export function feel(what) {
  if (navigator.userActivation?.hasBeenActive ?? true) navigator.vibrate?.(BUZZES[what]);
  if (audio) NOTES[what].forEach((hertz, place) => play(hertz, audio.currentTime + place * NOTE, what === "refused"));
}

function play(hertz, start, harsh) {
  const tone = new OscillatorNode(audio, { frequency: hertz, type: harsh ? "square" : "sine" });
  const volume = new GainNode(audio, { gain: 0 });
  volume.gain.setValueAtTime(harsh ? 0.15 : 0.3, start);
  volume.gain.exponentialRampToValueAtTime(0.001, start + NOTE * 1.6);
  tone.connect(volume).connect(audio.destination);
  tone.start(start);
  tone.stop(start + NOTE * 1.7);
}
