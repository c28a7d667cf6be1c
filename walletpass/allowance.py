"""How often something may happen, counted for each of many: a shield against runaway programs, not a lock."""

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock


class Allowance:
    """So many at once; each comes back after the time `every`, one after the other. Threads may share it.

    keys: how many are remembered; the one quiet for longest is forgotten first.
    """

    def __init__(self, at_once: int, every: timedelta, *, keys: int = 10_000) -> None:
        self._most = at_once * every
        self._every = every
        self._keys = keys
        self._clear_at: OrderedDict[str, datetime] = OrderedDict()
        self._lock = Lock()

    def take(self, key: str, now: datetime) -> bool:
        """Whether it may happen now; if so, it counts."""
        with self._lock:
            clear_at = max(self._clear_at.get(key, now), now) + self._every
            if clear_at - now > self._most:
                return False
            self._clear_at[key] = clear_at
            self._clear_at.move_to_end(key)
            if len(self._clear_at) > self._keys:
                self._clear_at.popitem(last=False)
            return True
