"""A PostgreSQL server for the tests, made of the machine's own binaries."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, Self

import psycopg
import pytest

from walletpass.database import bring_up_to_date, open_database


def missing(what: str) -> NoReturn:
    """Skip the test, visibly; on CI a part that is missing is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"CI needs it: {what}")
    pytest.skip(what)


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class PostgresServer:
    """A server on a free port of 127.0.0.1, which is gone with its data when the block ends."""

    @staticmethod
    def unavailable() -> str | None:
        """Why there cannot be one here; None when there can."""
        return None if _binaries() else "PostgreSQL's server binaries are not installed (/usr/lib/postgresql)"

    def __enter__(self) -> Self:
        binaries = _binaries()
        assert binaries
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="walletpass-postgres-"))
        self._databases = 0
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            account = pwd.getpwnam("postgres")
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        self._run("initdb", "-D", str(self._folder / "data"), "-A", "trust", "-U", "postgres", "--no-sync")
        # Nothing here has to survive a power cut: what is removed minutes later need not wait for the disk.
        options = f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1 -c max_connections=200 -c fsync=off"
        self._control("start", "-o", options, "-l", str(self._folder / "log"))
        self._execute("CREATE DATABASE template")
        engine = open_database(self._address("template"))
        bring_up_to_date(engine)
        engine.dispose()
        return self

    def __exit__(self, *_: object) -> None:
        self._control("stop", "-m", "immediate")
        shutil.rmtree(self._folder)

    def new_database(self) -> str:
        """The address of a new database with all tables, empty."""
        return self._create("TEMPLATE template")

    def new_database_without_tables(self) -> str:
        """The address of a new database where nobody has made tables yet."""
        return self._create()

    def _create(self, options: str = "") -> str:
        self._databases += 1
        name = f"test_{self._databases}"
        self._execute(f"CREATE DATABASE {name} {options}")
        return self._address(name)

    def _address(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/{name}"

    def _execute(self, statement: str) -> None:
        with psycopg.connect(
            f"host=127.0.0.1 port={self._port} user=postgres dbname=postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    def _control(self, verb: str, *options: str) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-w", verb, *options)

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = [str(self._binaries / program), *arguments]
        user = "postgres" if os.geteuid() == 0 else None
        subprocess.run(
            command, check=True, user=user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120
        )
