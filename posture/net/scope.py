"""What may be talked to: the subject's own endpoints, at addresses the client has a right to."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence

from posture.model import CollectError, Reason, Subject

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Block = ipaddress.IPv4Network | ipaddress.IPv6Network
Endpoint = tuple[str, int | None]

_NEVER_PUBLIC = (
    ipaddress.IPv6Network("fec0::/10"),  # once site-local; RFC 3879 §4: still to be kept inside
    ipaddress.IPv6Network("3fff::/20"),  # RFC 9637: documentation
    ipaddress.IPv4Network("192.0.0.0/24"),  # RFC 6890 §2.2.2: protocol assignments
)
"""What Python's tables take for global, depending on its version."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1


def literal(host: str) -> Address | None:
    """Read an IP address in its usual form; None for a name, or an address with a zone."""
    try:
        found = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    return None if "%" in str(found) else found


def normal(host: str) -> str:
    """One spelling for each host: lower case, no final dot, addresses in canonical form."""
    found = literal(host)
    return str(found) if found else host.lower().rstrip(".")


def split(text: str, port: int | None = None) -> tuple[str, int]:
    """Read ``host:port``, ``[v6]:port`` or, given a default ``port``, a bare host.

    Raises ``ValueError``.
    """
    if port is not None and (literal(text) or ":" not in text):
        return normal(text), port
    host, colon, digits = text.rpartition(":")
    number = int(digits) if digits.isascii() and digits.isdecimal() else 0
    if not colon or not host or not 0 < number < 65536:
        message = f"{text!r} is not host:port"
        raise ValueError(message)
    return normal(host), number


def public(address: Address) -> bool:
    """Whether packets to it leave for the internet, also when it carries an IPv4 address inside."""
    inner = _embedded(address)
    if inner is not None:
        return public(inner)
    if any(address in block for block in _NEVER_PUBLIC):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


class Territory:
    """What the client file says about addresses, for all subjects alike."""

    def __init__(self, declared: Iterable[str], connect: Mapping[str, str] | None) -> None:
        """Take declared networks and host addresses, and ``[network].connect`` (None: none given).

        A key of the map is ``host:port`` or ``host:*``, its value ``ip:port`` or ``ip:*`` for the
        same port there. A map shows another way to what may be reached anyway: its addresses are
        permitted ones, or this computer's own. Raises ``ValueError``.
        """
        self._declared: list[Block] = [
            ipaddress.ip_network(item, strict=False) for item in declared
        ]
        self._connect = None if connect is None else dict(map(self._route, connect.items()))

    def permits(self, address: str) -> bool:
        """Whether this address may be dialled: it is public, or the client declared it."""
        found = literal(address)
        return found is not None and (public(found) or self._owns(found))

    def _route(self, pair: tuple[str, str]) -> tuple[Endpoint, Endpoint]:
        key, value = pair
        end = _endpoint(value)
        address = literal(end[0])
        if address is None:
            message = f"{value!r} is not ip:port"
            raise ValueError(message)
        if not (address.is_loopback or self.permits(end[0])):
            message = f"{value!r} leads to an address that is neither public nor declared"
            raise ValueError(message)
        return _endpoint(key), end

    def _owns(self, address: Address) -> bool:
        return any(address in block for block in self._declared)

    @property
    def redirects(self) -> bool:
        """There is a map, which says all of what may be dialled."""
        return self._connect is not None

    def way(self, host: str, port: int) -> tuple[str, int] | None:
        """Where the map sends ``host:port``; None if it says nothing of it."""
        for key in (host, port), (host, None):
            if found := (self._connect or {}).get(key):
                return found[0], found[1] or port
        return None


def _endpoint(text: str) -> Endpoint:
    if text.endswith(":*"):
        return normal(text.removesuffix(":*")), None
    return split(text)


class Scope:
    """What one subject's collectors may talk to."""

    def __init__(self, subject: Subject, allow: Sequence[Endpoint] = ()) -> None:
        """Take the subject's endpoints, and further ones its collector itself names."""
        self.id = subject.id
        self.mail = subject.kind == "mailserver"
        self._names: set[Endpoint] = set()
        self._blocks: list[tuple[Block, int | None]] = []
        self._learned: dict[str, str] = {}
        for host, port in (*subject.endpoints(), *allow):
            self._add(host, port)

    def _add(self, host: str, port: int | None) -> None:
        try:
            self._blocks.append((ipaddress.ip_network(host, strict=False), port))
        except ValueError:
            self._names.add((normal(host), port))

    def learn(self, host: str, addresses: Iterable[str]) -> None:
        """Remember that these are the addresses of ``host``: dialling one is dialling the host."""
        if any(name == host for name, _ in self._names):
            self._learned.update(dict.fromkeys(addresses, host))

    def name_of(self, host: str) -> str:
        """The name an address was found under, or ``host`` itself."""
        return self._learned.get(host, host)

    def check(self, host: str, port: int) -> None:
        """Raise ``CollectError(OUT_OF_SCOPE)`` unless ``host:port`` belongs to the subject."""
        name = self.name_of(host)
        if (name, port) in self._names or (name, None) in self._names:
            return
        address = literal(host)
        if address and any(address in block and own in {None, port} for block, own in self._blocks):
            return
        raise CollectError(Reason.OUT_OF_SCOPE, f"{host}:{port} does not belong to {self.id}")
