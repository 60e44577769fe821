"""Peers on loopback that do what a test scripts, and the network that may talk to them."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import dns.flags
import dns.message
import dns.rrset
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from posture.model import Host, View, WebSite
from posture.net import NetConfig, NetRoot
from posture.testing import FakeResolver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
    from pathlib import Path

    from posture.testing import Records

    Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

LOOPBACK = "127.0.0.0/8"


def run(step: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end; a test that hangs fails instead."""

    async def guarded() -> Any:
        async with asyncio.timeout(60):
            return await step

    return asyncio.run(guarded())


@contextlib.asynccontextmanager
async def tcp(
    handler: Handler, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve on a free port and yield it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await handler(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, answer: Callable[[bytes], list[bytes]]) -> None:
        self.answer = answer
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for wire in self.answer(data):
            self.transport.sendto(wire, addr)


@contextlib.asynccontextmanager
async def udp(answer: Callable[[bytes], list[bytes]], port: int = 0) -> AsyncIterator[int]:
    """Answer datagrams and yield the port."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(answer), local_addr=("127.0.0.1", port)
    )
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.abort()


def reply(query: bytes, *records: str, rcode: int = 0, authority: str = "") -> dns.message.Message:
    """Build the reply of a recursive server; a record is ``owner ttl IN type data``."""
    message = dns.message.make_response(dns.message.from_wire(query), recursion_available=True)
    message.set_rcode(dns.rcode.Rcode(rcode))
    message.answer = [_rrset(record) for record in records]
    message.authority = [_rrset(authority)] if authority else []
    return message


def _rrset(record: str) -> dns.rrset.RRset:
    owner, ttl, kind, rdtype, data = record.split(" ", 4)
    return dns.rrset.from_text(owner, int(ttl), kind, rdtype, data)


def network(zones: Mapping[str, Mapping[str, Records]] | None = None, **options: Any) -> NetRoot:
    """Return a network that owns loopback, with names from ``zones``."""
    config = NetConfig(**({"declared": (LOOPBACK,)} | options))
    return NetRoot(config, resolver=FakeResolver(zones or {}))


def host(address: str = "127.0.0.1") -> Host:
    return Host(address=address, view=View.INTERNAL)


def site(port: int, name: str = "www.example.com") -> WebSite:
    return WebSite(host=name, port=port)


class Authority:
    """A certificate authority for one test run."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.cert = self._made(self.name, self.key.public_key(), ca=True, names=())

    def _made(self, subject: x509.Name, public: Any, *, ca: bool, names: tuple[str, ...]) -> Any:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            found = x509.SubjectAlternativeName(list(_general(names)))
            builder = builder.add_extension(found, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def ca_file(self, folder: Path) -> Path:
        """Write the anchor."""
        path = folder / "ca.pem"
        path.write_bytes(self.cert.public_bytes(serialization.Encoding.PEM))
        return path

    def server(self, folder: Path, *names: str) -> ssl.SSLContext:
        """Return a server's context with a certificate for these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        cert = self._made(subject, key.public_key(), ca=False, names=names)
        path = folder / f"{names[0]}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + cert.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _general(names: tuple[str, ...]) -> Iterator[x509.GeneralName]:
    for name in names:
        try:
            yield x509.IPAddress(ip_address(name))
        except ValueError:
            yield x509.DNSName(name)


async def forever(reader: asyncio.StreamReader) -> None:
    """Wait until the other side has gone."""
    while await reader.read(65536):
        pass
