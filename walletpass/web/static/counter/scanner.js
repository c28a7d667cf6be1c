// Hand scanners are keyboards: they type the code faster than any hand, and press Enter.
// Milliseconds between two keys, at most. Slow wireless scanners need about 50; a busy tablet delivers them much later.
// Nobody types six signs and Enter outside of a field by accident, so there is room.
const PAUSE = 1500;
const SHORTEST = 6; // signs

export function listenToScanner(onCode) {
  let text = "", last = 0;
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input:not([type=checkbox]), textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.timeStamp - last > PAUSE) text = "";
    last = event.timeStamp;
    if (event.key.length === 1) text += event.key;
    if (event.key !== "Enter" || text.length < SHORTEST) return;
    event.preventDefault(); // this Enter belongs to the code, not to the button that has the focus
    onCode(text);
    text = "";
  }, true);
}
