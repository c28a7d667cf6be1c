"""A whole installation in a folder of its own, driven as an operator would: through commands and HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import urllib3

from walletpass.sandbox.chain import Chain, make_chain

SECRET = "secret-of-the-tests-long-enough-to-be-one"
SECONDS_TO_START = 30


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. body: parsed JSON, or None."""

    status: int
    headers: Mapping[str, str]
    body: Any
    data: bytes = field(repr=False)


class Installation:
    """walletpass as installed by somebody: settings in the environment, everything else behind its commands."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.chain: Chain = make_chain(folder / "certs", now=datetime.now(UTC))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {
            "secret_key": SECRET,
            "base_url": self.url,
            "instance_dir": folder / "instance",
            "apple_certificate": self.chain.pass_certificate,
            "apple_key": self.chain.pass_key,
            "apple_wwdr_certificate": self.chain.intermediate,
            "apns_ca_file": self.chain.root,
            **settings,
        }
        self._http = urllib3.PoolManager(retries=False)

    @property
    def environment(self) -> dict[str, str]:
        """What the commands see."""
        mine = {name: value for name, value in os.environ.items() if not name.startswith("WALLETPASS_")}
        given = {f"WALLETPASS_{name.upper()}": str(value) for name, value in self.settings.items() if value is not None}
        return {**mine, **given, "PORT": str(self.port)}

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run `walletpass ...` to its end."""
        command = [sys.executable, "-m", "walletpass", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, input=stdin, capture_output=True, text=True, timeout=60
        )

    @contextmanager
    def running(self, *arguments: str, until: str | None = "/readyz") -> Iterator[subprocess.Popen[str]]:
        """`walletpass ...` in the background, in a process group of its own; stopped at the end, kindly at first.

        until: the path that answers once it is up; None does not wait.
        """
        log = (self.folder / f"{arguments[0]}.log").open("a")
        command = [sys.executable, "-m", "walletpass", *arguments]
        process = subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=log, stderr=log, text=True, start_new_session=True
        )
        try:
            if until:
                self._wait_for(until, process)
            yield process
        finally:
            stop(process)
            log.close()

    def open_shop(self, **program: object) -> "Key":
        """A merchant with a program and a manager's key, made as the README tells. The server must be running."""
        assert self.run("init", "--merchant", "Bean Bar", "--owner", "owner@example.com").returncode == 0
        key = Key(self, self.run("api-key", "tests").stdout.strip())
        no_shield = {"pause_seconds": None, "per_scan": None, "per_day": None}
        first = {"slug": "coffee", "name": "Coffee Card", "stamps_required": 10, "reward": "Free coffee"}
        made = key.post("/programs", {**first, "shield": no_shield, **program})
        assert made.status == 201, made.body
        return key

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One HTTP request; a path of the installation, or a whole address."""
        url = path if path.startswith("http") else self.url + path
        answer = self._http.request(method, url, body=body, headers=headers, redirect=False)
        is_json = "json" in answer.headers.get("Content-Type", "")
        return Answer(answer.status, answer.headers, json.loads(answer.data) if is_json else None, answer.data)

    def _wait_for(self, path: str, process: subprocess.Popen[str]) -> None:
        end = monotonic() + SECONDS_TO_START
        while monotonic() < end and process.poll() is None:
            try:
                if self.request("GET", path).status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                sleep(0.05)
        raise AssertionError(f"it did not start: {[log.read_text() for log in self.folder.glob('*.log')]}")


@dataclass(frozen=True)
class Key:
    """A key of the JSON API."""

    installation: Installation
    secret: str

    def post(self, path: str, body: object, **headers: str) -> Answer:
        return self._send("POST", path, body, headers)

    def patch(self, path: str, body: object, **headers: str) -> Answer:
        return self._send("PATCH", path, body, headers)

    def get(self, path: str) -> Answer:
        return self._send("GET", path, None, {})

    def _send(self, method: str, path: str, body: object, headers: Mapping[str, str]) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json", **headers}
        return self.installation.request(method, f"/api/v1{path}", data, **sent)


def stop(process: subprocess.Popen[str]) -> int:
    """Ask a process to stop; end its whole group when it does not."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            kill(process)
    return process.returncode


def kill(process: subprocess.Popen[str]) -> None:
    """kill -9, the process and its children."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
