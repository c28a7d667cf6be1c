"""What a phone has to do: one thing after another in a thread of its own, some of it later."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock, Timer

log = logging.getLogger(__name__)

Act = Callable[[], None]


class Errands:
    """Runs acts in the order in which they came."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._lock = Lock()
        self._later: dict[Timer, Act] = {}
        self._stopped = False

    def stop(self) -> None:
        """Returns when the act under way has ended; the others are cancelled, and so is what comes after."""
        with self._lock:
            self._stopped = True
            timers, self._later = list(self._later), {}
        for timer in timers:
            timer.cancel()
        self._thread.shutdown(cancel_futures=True)

    def now(self, act: Act) -> Future[None]:
        """Run the act after those that came before it; the future ends with it."""
        with self._lock:
            if self._stopped:
                cancelled: Future[None] = Future()
                cancelled.cancel()
                return cancelled
            done = self._thread.submit(act)
        done.add_done_callback(_report)
        return done

    def later(self, seconds: float, act: Act) -> None:
        """Run the act when so much time has passed."""
        timer = Timer(seconds, lambda: self._run_late(timer))
        timer.daemon = True
        with self._lock:
            if not self._stopped:
                self._later[timer] = act
                timer.start()

    def hurry(self) -> None:
        """What was to be done later is done now."""
        with self._lock:
            timers = list(self._later)
        for timer in timers:
            timer.cancel()
            self._run_late(timer)

    def _run_late(self, timer: Timer) -> None:
        with self._lock:
            act = self._later.pop(timer, None)
        if act:
            self.now(act)


def _report(done: Future[None]) -> None:
    if not done.cancelled() and (error := done.exception()):
        log.error("a pretend phone failed", exc_info=error)
