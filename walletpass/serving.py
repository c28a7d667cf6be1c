"""The production web server (granian): one supervisor, one serving process, threads."""

import os
import signal
import socket
from collections.abc import Callable
from multiprocessing.util import Finalize
from threading import Thread
from time import sleep
from typing import Protocol

from granian import Granian
from granian.constants import Interfaces

THREADS = 8
SECONDS_BETWEEN_LOOKS = 0.5


class CannotListen(Exception):
    """The address is taken or not ours; str(error) says what to do."""


class Served(Protocol):
    """What is served, and what has to stop with it."""

    @property
    def wsgi(self) -> Callable[..., object]:
        """The WSGI application."""

    def start(self) -> None:
        """Called once in the serving process, before the first request."""

    def stop(self) -> None:
        """Called once after the last request; finishes what is under way."""


def serve(make: Callable[[], Served], host: str, port: int, *, threads: int = THREADS) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are answered, then what is served is stopped.

    make: builds what is served, inside the serving process, so that no connection is shared between processes.
    Raises CannotListen.
    """
    check_free(host, port)
    server = Granian(
        target="walletpass",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=threads,
        websockets=False,
        log_enabled=False,
    )
    server.serve(target_loader=_Loader(make), wrap_loader=False)


class _Loader:
    """Loads the application in the serving process, however that process was made."""

    def __init__(self, make: Callable[[], Served]) -> None:
        self._make = make

    def __call__(self) -> Callable[..., object]:
        served = self._make()
        served.start()
        # The process ends through multiprocessing, which runs its own finalizers and skips `atexit`.
        Finalize(None, served.stop, exitpriority=10)
        Thread(target=_stop_without_supervisor, args=(os.getppid(),), daemon=True).start()
        return served.wsgi


def _stop_without_supervisor(supervisor: int) -> None:
    """A supervisor that was killed stops nobody; without this its child would keep the port for ever."""
    while os.getppid() == supervisor:
        sleep(SECONDS_BETWEEN_LOOKS)
    os.kill(os.getpid(), signal.SIGTERM)


def check_free(host: str, port: int) -> None:
    """Nothing when the address is free. Raises CannotListen."""
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            pass
    except OSError as error:
        reason = str(error.strerror).split(" (while")[0]  # Python adds the address, which we name ourselves
        raise CannotListen(
            f"cannot listen on {host}:{port} ({reason}); stop what uses it, or choose another port with PORT "
            "or another address of this machine with --bind"
        ) from None
