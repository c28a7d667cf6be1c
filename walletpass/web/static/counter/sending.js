// Sending what staff do until there is an answer. What is sent twice counts once: its key stays the same.
const PATIENCE = 10000; // milliseconds for one attempt
const PAUSES = [400, 1000, 2000, 4000]; // milliseconds before the next; the last one repeats
const PASSING = [502, 503, 504]; // a server that is just being started again

// The page that was answered; null when `stopped` was aborted. onTrouble: there was no answer, it is being tried again.
export async function send(address, fields, stopped, onTrouble) {
  for (let tries = 0; !stopped.aborted; tries++) {
    const answer = await attempt(address, fields, stopped);
    if (answer !== null) return new DOMParser().parseFromString(answer, "text/html");
    if (stopped.aborted) break;
    onTrouble();
    await pause(PAUSES[Math.min(tries, PAUSES.length - 1)], stopped);
  }
  return null;
}

async function attempt(address, body, stopped) {
  const patience = new AbortController();
  const giveUp = () => patience.abort();
  const timer = setTimeout(giveUp, PATIENCE);
  stopped.addEventListener("abort", giveUp);
  try {
    const answer = await fetch(address, { method: "POST", body, headers: { "X-Counter": "part" }, signal: patience.signal });
    return PASSING.includes(answer.status) ? null : await answer.text();
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    stopped.removeEventListener("abort", giveUp);
  }
}

function pause(milliseconds, stopped) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    addEventListener("online", resolve, { once: true });
    stopped.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
