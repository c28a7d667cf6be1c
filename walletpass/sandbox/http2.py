"""A small HTTP/2 server over TLS that demands client certificates, and misbehaves when asked to."""

import asyncio
import concurrent.futures
import logging
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
from cryptography import x509
from hyperframe.frame import GoAwayFrame

from walletpass.sandbox.tls import TlsStream, server_context

# It logs every header that it reads, push tokens among them.
logging.getLogger("hpack").setLevel(logging.INFO)

HOST = "127.0.0.1"
LONGEST_BODY = 4096
HANDSHAKE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request. The body is cut off one byte after LONGEST_BODY."""

    headers: dict[str, str]
    body: bytes
    certificate: x509.Certificate
    connection: int  # 1 for the first connection of the server, and so on

    @property
    def path(self) -> str:
        return self.headers.get(":path", "")


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered to one request."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True)
class Behaviour:
    """How the server treats its clients; the default is well.

    replies: given to the next requests, in this order, instead of true answers.
    delay: seconds that every answer waits.
    together: answers are held back until so many requests wait for one.
    streams: SETTINGS_MAX_CONCURRENT_STREAMS, for connections that begin from now on.
    goaway_after: GOAWAY after so many requests on a connection; those are answered, later ones on it are not.
    reset_after: TCP reset in place of the answer to every request after so many on a connection.
    refuse_tls: fail the handshake.
    """

    replies: Iterable[Reply] = ()
    delay: float = 0.0
    together: int = 1
    streams: int = 1000
    goaway_after: int | None = None
    reset_after: int | None = None
    refuse_tls: bool = False


@dataclass
class Statistics:
    """What the server has seen since it was made."""

    connections: int = 0
    open_streams: int = 0
    most_open_streams: int = 0

    def opened(self) -> None:
        self.open_streams += 1
        self.most_open_streams = max(self.most_open_streams, self.open_streams)


@dataclass(frozen=True)
class _Waiting:
    """An answer held back until others wait as well."""

    connection: "_Connection"
    stream: int
    reply: Reply


class Http2Server:
    """Runs in a thread of its own between `start` and `stop`, on the same port again when started again.

    certificate, key: PEM files of the server.
    client_ca: PEM roots and intermediates that may issue client certificates.
    respond: called in the server's thread for every request that no scripted reply answers; must not block.
    """

    def __init__(
        self, certificate: Path, key: Path, client_ca: Path, respond: Callable[[Request], Reply], *, port: int = 0
    ) -> None:
        self.port = port
        self.statistics = Statistics()
        self._tls = server_context(certificate, key, client_ca)
        self._tls.sni_callback = self._greet
        self.waiting: list[_Waiting] = []
        self._respond = respond
        self._scripted: deque[Reply] = deque()
        self._open: set[asyncio.StreamWriter] = set()
        self._thread: Thread | None = None
        self.behaviour = Behaviour()

    @property
    def behaviour(self) -> Behaviour:
        return self._behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._scripted = deque(behaviour.replies)

    def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        started: concurrent.futures.Future[int] = concurrent.futures.Future()
        self._thread = Thread(target=asyncio.run, args=(self._serve(started),), name="pretend-apns", daemon=True)
        self._thread.start()
        try:
            self.port = started.result()
        except OSError:
            self._thread.join()
            self._thread = None
            raise

    def stop(self) -> None:
        """Close every connection and the port."""
        if self._thread:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
            self._thread = None

    def reply_to(self, request: Request) -> Reply:
        return self._scripted.popleft() if self._scripted else self._respond(request)

    async def _serve(self, started: concurrent.futures.Future[int]) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await asyncio.start_server(self._converse, HOST, self.port)
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(server.sockets[0].getsockname()[1])
        await self._stopping.wait()
        for listener in server.sockets:
            self._loop.remove_reader(listener.fileno())
        await self._end_conversations()
        server.close()

    async def _end_conversations(self) -> None:
        """End those that have begun and those that are about to.

        asyncio leaves sockets open when it closes a server that is accepting, and tasks that it cancels before they
        have begun cannot clean up. So whoever is being accepted is let in, and then shown the door.
        """
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for writer in self._open:
                writer.transport.abort()
            await asyncio.wait(others, timeout=0.05)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        connection = None
        try:
            stream = TlsStream(self._tls, reader, writer)
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                certificate = await stream.handshake()
            self.statistics.connections += 1
            connection = _Connection(self, stream, certificate, self.statistics.connections)
            while not connection.ended and (data := await stream.read()):
                connection.receive(data)
            if connection.broken:
                _reset_at_close(writer)
        except OSError:
            pass  # the client went away, or failed the handshake or did not end it in time
        finally:
            if connection:
                connection.forget_streams()
            writer.transport.abort()
            self._open.discard(writer)

    def _greet(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int | None:
        return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE if self.behaviour.refuse_tls else None


@dataclass
class _Stream:
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)


class _Connection:
    """One HTTP/2 connection, from the end of the TLS handshake on."""

    def __init__(self, server: Http2Server, tls: TlsStream, certificate: x509.Certificate, number: int) -> None:
        self.ended = False
        self.broken = False
        self._finished = False
        self._server = server
        self._tls = tls
        self._certificate = certificate
        self._number = number
        self._requests = 0
        self._last_stream: int | None = None  # the last one that is served, after a GOAWAY
        self._streams: dict[int, _Stream] = {}
        self._http = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8", normalize_outbound_headers=False)
        )
        self._http.initiate_connection()
        self._http.update_settings({h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: server.behaviour.streams})
        self._flush()

    def receive(self, data: bytes) -> None:
        if self._finished:
            return
        try:
            for event in self._http.receive_data(data):
                if not self.ended:
                    self._take(event)
        except h2.exceptions.ProtocolError:
            self.ended = True  # h2 has prepared the GOAWAY that says what was wrong
        self._flush()

    def answer(self, stream: int, reply: Reply) -> None:
        """Answer, unless the client has lost interest meanwhile."""
        if self._streams.pop(stream, None) is None:
            return
        self._server.statistics.open_streams -= 1
        with suppress(h2.exceptions.StreamClosedError):  # its reset was read, but is not yet its turn in `receive`
            self._http.send_headers(stream, [(":status", str(reply.status)), *reply.headers], end_stream=not reply.body)
            if reply.body:
                self._http.send_data(stream, reply.body, end_stream=True)
        if self._last_stream is not None and not self._streams:
            self._flush()
            self._tls.end()
            self._finished = True

    def answer_now(self, stream: int, reply: Reply) -> None:
        self.answer(stream, reply)
        self._flush()

    def forget_streams(self) -> None:
        self._server.statistics.open_streams -= len(self._streams)
        self._streams.clear()

    def waits_for(self, stream: int) -> bool:
        return stream in self._streams

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._open(event.stream_id, {str(name): str(value) for name, value in event.headers})
        elif isinstance(event, h2.events.DataReceived):
            self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if stream := self._streams.get(event.stream_id):
                stream.body += event.data[: LONGEST_BODY + 1 - len(stream.body)]
        elif isinstance(event, h2.events.StreamEnded):
            self._complete(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            if self._streams.pop(event.stream_id, None):
                self._server.statistics.open_streams -= 1
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.ended = True

    def _open(self, stream: int, headers: dict[str, str]) -> None:
        if self._last_stream is None:
            self._streams[stream] = _Stream(headers)
            self._server.statistics.opened()

    def _complete(self, stream: int) -> None:
        if stream not in self._streams:
            return
        self._requests += 1
        behaviour = self._server.behaviour
        if behaviour.goaway_after == self._requests:
            self._go_away(max(self._streams))
        request = Request(
            self._streams[stream].headers, bytes(self._streams[stream].body), self._certificate, self._number
        )
        reply = self._server.reply_to(request)
        if behaviour.reset_after is not None and self._requests > behaviour.reset_after:
            self.broken = self.ended = True
        else:
            self._answer_in_time(stream, reply, behaviour)

    def _answer_in_time(self, stream: int, reply: Reply, behaviour: Behaviour) -> None:
        if behaviour.delay:
            asyncio.get_running_loop().call_later(behaviour.delay, self.answer_now, stream, reply)
        elif behaviour.together > 1:
            waiting = [each for each in self._server.waiting if each.connection.waits_for(each.stream)]
            waiting.append(_Waiting(self, stream, reply))
            enough = len(waiting) >= behaviour.together
            self._server.waiting = [] if enough else waiting
            for each in waiting if enough else ():
                each.connection.answer_now(each.stream, each.reply)
        else:
            self.answer(stream, reply)

    def _go_away(self, last_stream: int) -> None:
        """Say that nothing after `last_stream` will be served here. h2 itself knows only the GOAWAY that ends all."""
        self._last_stream = last_stream
        frame = GoAwayFrame(last_stream_id=last_stream, additional_data=b'{"reason":"Shutdown"}')
        self._flush()
        self._tls.write(frame.serialize())

    def _flush(self) -> None:
        if not self._finished and (data := self._http.data_to_send()):
            self._tls.write(data)


def _reset_at_close(writer: asyncio.StreamWriter) -> None:
    at_once = struct.pack("ii", 1, 0)  # linger for no time: the kernel sends RST instead of FIN
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
