// Hand scanners are keyboards: they type the code faster than any hand, and press Enter.
const FAST = 100; // milliseconds between two keys, at most; slow wireless scanners need about 50
const SHORTEST = 6; // signs

export function listenToScanner(onCode) {
  let text = "", last = 0;
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input:not([type=checkbox]), textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.timeStamp - last > FAST) text = "";
    last = event.timeStamp;
    if (event.key.length === 1) text += event.key;
    if (event.key !== "Enter" || text.length < SHORTEST) return;
    event.preventDefault(); // this Enter belongs to the code, not to the button that has the focus
    onCode(text);
    text = "";
  }, true);
}
