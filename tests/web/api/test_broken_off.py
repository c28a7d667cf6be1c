"""Bodies that do not arrive as announced, on the production server: nothing is made of what is left of them."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.installation import Installation, Key
from walletpass.web.api.views import LARGEST_BODY


@dataclass(frozen=True)
class Line:
    """A program on the other end of a line that may break, and a card that it stamps."""

    key: Key
    card_id: str

    def send(self, *rest: bytes, hang_up: bool = False) -> int:
        """Ask for a stamp, with the lines of the rest of the request just as they are. Returns the status."""
        head = (
            f"POST /api/v1/cards/{self.card_id}/stamps HTTP/1.1",
            f"Host: 127.0.0.1:{self.key.installation.port}",
            f"Authorization: Bearer {self.key.secret}",
            "Content-Type: application/json",
            "Connection: close",
        )
        with socket.create_connection(("127.0.0.1", self.key.installation.port), timeout=30) as line:
            line.sendall(b"\r\n".join((*map(str.encode, head), *rest)))
            if hang_up:
                line.shutdown(socket.SHUT_WR)
            return int(line.makefile("rb").readline().split()[1])

    @property
    def stamps(self) -> int:
        answer: int = self.key.get(f"/cards/{self.card_id}").body["stamps"]
        return answer


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Key]:
    here = Installation(tmp_path_factory.mktemp("broken-off"))
    with here.running("serve"):
        yield here.open_shop()


@pytest.fixture
def line(serving: Key) -> Line:
    return Line(serving, serving.post("/cards", {"program": "coffee"}).body["id"])


@pytest.mark.parametrize(
    "rest",
    [
        (b"Content-Length: 12", b"", b""),
        (b"Content-Length: 12", b"", b'{"count'),
        (b"Content-Length: 12", b"", b"{}"),
        (b"Transfer-Encoding: chunked", b"", b""),
        (b"Transfer-Encoding: chunked", b"", b"no length", b""),
        (b"Transfer-Encoding: chunked", b"", b"C", b'{"count'),
    ],
)
def test_a_body_that_breaks_off_stamps_nothing(line: Line, rest: tuple[bytes, ...]) -> None:
    assert line.send(*rest, hang_up=True) == 400
    assert line.stamps == 0


def test_a_body_in_chunks_is_read_whole(line: Line) -> None:
    assert line.send(b"Transfer-Encoding: chunked", b"", b"9", b'{"count":', b"2", b"2}", b"0", b"", b"") == 201
    assert line.stamps == 2


def test_a_body_in_chunks_that_grows_too_large_is_refused_not_cut(line: Line) -> None:
    body = b"{}" + b" " * (LARGEST_BODY - 2) + b"{}"
    assert line.send(b"Transfer-Encoding: chunked", b"", b"%x" % len(body), body, b"0", b"", b"") == 413
    assert line.stamps == 0


def test_a_body_of_no_length_counts_as_an_empty_object(line: Line) -> None:
    assert line.send(b"Content-Length: 0", b"", b"") == 201
    assert line.stamps == 1
