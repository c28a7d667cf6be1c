"""The server's side of TLS over asyncio streams.

asyncio's own TLS drops the connection without a word when a handshake fails. Real servers say why, in an alert, and
what our client makes of that alert is worth trying out.
"""

import asyncio
import ssl
from pathlib import Path

from cryptography import x509

_CHUNK = 65536  # bytes read at once


def server_context(certificate: Path, key: Path, client_ca: Path) -> ssl.SSLContext:
    """TLS as APNs speaks it: 1.2 or later, HTTP/2, and clients must show a certificate that `client_ca` vouches for.

    All are PEM files; `client_ca` may hold roots and intermediates.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(client_ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # an intermediate alone is enough to trust
    return context


class TlsStream:
    """One connection, encrypted. All methods may raise OSError, of which ssl.SSLError is one."""

    def __init__(self, context: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    async def handshake(self) -> x509.Certificate:
        """The client's certificate. A client that is refused is told so before the error is raised."""
        try:
            while not self._is_shaken():
                await self._fill()
        except ssl.SSLError:
            await self._hear_out()
            raise
        certificate = self._tls.getpeercert(binary_form=True)
        assert certificate is not None  # the context demands one
        return x509.load_der_x509_certificate(certificate)

    async def read(self) -> bytes:
        """What has come; empty when the client has ended."""
        while True:
            try:
                return self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                await self._fill()
            except ssl.SSLZeroReturnError:
                return b""

    def write(self, data: bytes) -> None:
        self._tls.write(data)
        self._flush()

    def end(self) -> None:
        """Nothing more will be written; what the client still sends can be read."""
        self._writer.write_eof()

    def _is_shaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self._flush()
        return True

    async def _fill(self) -> None:
        data = await self._reader.read(_CHUNK)
        if not data:
            raise ConnectionResetError("the client went away")
        self._incoming.write(data)

    def _flush(self) -> None:
        if data := self._outgoing.read():
            self._writer.write(data)

    async def _hear_out(self) -> None:
        """Read until the client ends: closing with something unread makes TCP throw away the alert on its way."""
        self._writer.write_eof()
        while await self._reader.read(_CHUNK):
            pass
