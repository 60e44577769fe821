"""What may be named as a target, and the one way each is written.

A target ends up in DNS queries, in sockets and in the arguments of programs, so a string that is
not plainly a name or an address goes no further. Every function returns the canonical form or
raises ValueError with what is wrong and what may have been meant.
"""

import ipaddress
import re

from posture.tomlfile import quote

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_CHANGED_SINCE_IDNA2003 = frozenset("\u00df\u03c2\u200c\u200d")
"""Characters that IDNA 2003 rewrites and IDNA 2008 keeps (RFC 5894 §7.2): the same spelling is
two different names, and only the owner knows which one is theirs."""
WIDEST_IPV4 = 20
WIDEST_IPV6 = 116
"""4096 addresses either way."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def domain(text: str) -> str:
    """Return a domain in A-label form, lower case, without a final dot."""
    name = host_name(text)
    if "." not in name:
        raise ValueError(f"{quote(text)} is not a whole domain name, such as example.com")
    return name


def host_name(text: str) -> str:
    """Return a host name in A-label form, lower case, without a final dot."""
    _refuse_what_is_no_target(text)
    if _is_address(text.strip("[]")):
        raise ValueError(f"{quote(text)} is an address, not a name: declare it under [[hosts]]")
    name = _a_labels(text.removesuffix(".")).lower()
    labels = name.split(".")
    if len(name) > 253 or not all(map(_LABEL.match, labels)) or labels[-1].isdigit():
        raise ValueError(f"{quote(text)} is not a host name{_instead(text)}")
    return name


def address(text: str) -> str:
    """Return one IPv4 or IPv6 address in its canonical form."""
    _refuse_what_is_no_target(text)
    if "/" in text:
        raise ValueError(f"{quote(text)} is a network: declare it under [[networks]]")
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f"{quote(text)} is not an IP address") from None
    if found.is_multicast or found.is_unspecified:
        raise ValueError(f"{quote(text)} is not the address of one host")
    mapped = getattr(found, "ipv4_mapped", None)
    if mapped:
        raise ValueError(f"{quote(text)} is an IPv4 address in disguise: write {mapped}")
    return str(found)


def network(text: str) -> str:
    """Return an address range in CIDR form; at most 4096 addresses."""
    _refuse_what_is_no_target(text)
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{quote(text)} is not a network, such as 192.168.1.0/24") from None
    widest = WIDEST_IPV4 if found.version == 4 else WIDEST_IPV6
    if found.prefixlen < widest:
        raise ValueError(
            f"{quote(text)} is too wide: a network may be /{widest} at most (4096 addresses); "
            "list the parts that are in use"
        )
    if found.is_multicast:
        raise ValueError(f"{quote(text)} holds no hosts: it is a multicast range")
    start = text.partition("/")[0]
    if ipaddress.ip_address(start) != found.network_address:
        raise ValueError(f'{quote(text)} does not start its network (did you mean "{found}"?)')
    return str(found)


def port(number: int) -> int:
    """Return a TCP port, 1 to 65535."""
    if not 1 <= number <= 65535:
        raise ValueError("is not a port: it must be between 1 and 65535")
    return number


def address_and_port(text: str, default: int | None = None) -> tuple[str, int]:
    """Split ``127.0.0.1:5300``, ``[::1]:53`` or, with a default port, a bare address."""
    match = re.fullmatch(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<v4>[^:\[\]]*)):(?P<port>[0-9]{1,5})", text)
    if match:
        return address(match["v6"] or match["v4"] or ""), port(int(match["port"]))
    if default is None:
        raise ValueError(f"{quote(text)} is not an address and a port, such as 127.0.0.1:8443")
    return address(text.removeprefix("[").removesuffix("]")), default


def name_and_port(text: str) -> tuple[str, int]:
    """Split ``www.example.com:443``; the host may be an address, in brackets if it is IPv6."""
    host, _, number = text.rpartition(":")
    if not re.fullmatch(r"[0-9]{1,5}", number, re.ASCII):
        raise ValueError(f"{quote(text)} is not a host and a port, such as www.example.com:443")
    bare = host.removeprefix("[").removesuffix("]")
    return address(bare) if _is_address(bare) else host_name(host), port(int(number))


def origin(text: str) -> str:
    """Return an API origin, ``https://host[:port]``; plain http only to a loopback address."""
    match = re.fullmatch(r"(https?)://(\[[^\[\]/@]*\]|[^\[\]/@:?#]*)(?::([0-9]{1,5}))?/?", text)
    if not match:
        raise ValueError(f"{quote(text)} is not an origin, such as https://api.example.com")
    scheme, host, number = match.groups()
    bare = host.removeprefix("[").removesuffix("]")
    if _is_address(bare):
        name, loopback = address(bare), ipaddress.ip_address(bare).is_loopback
    else:
        name, loopback = host_name(host), False
    if scheme == "http" and not loopback:
        raise ValueError(f"{quote(text)} would carry credentials in clear text: use https")
    written = f"[{name}]" if ":" in name else name
    return f"{scheme}://{written}" + (f":{port(int(number))}" if number else "")


def _refuse_what_is_no_target(text: str) -> None:
    if not text.strip():
        raise ValueError("is empty")
    if text != text.strip() or not text.isprintable():
        raise ValueError(f"{quote(text)} holds spaces or control characters")
    if text.startswith("-"):
        raise ValueError(f"{quote(text)} starts with a hyphen, as options do: it is no target")
    if "%" in text:
        raise ValueError(f"{quote(text)} names a zone (%): write the address without it")
    if re.search(r"[$`|;&<>(){}\\'\"*?! ]", text):
        raise ValueError(f"{quote(text)} holds characters that no name or address has")


def _a_labels(text: str) -> str:
    if text.isascii():
        return text
    if _CHANGED_SINCE_IDNA2003 & set(text):
        raise ValueError(f"{quote(text)} can be read as two names: write it in its xn-- form")
    if len(text) > 253:  # the codec's time grows with the square of the length
        raise ValueError(f"{quote(text)} is not a host name: it is longer than 253 characters")
    try:
        return text.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError(
            f"{quote(text)} is not a name that can be registered; if it is, write its xn-- form"
        ) from None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _instead(text: str) -> str:
    """A suggestion made from a URL, an e-mail address or a name with a port."""
    inner = _SCHEME.sub("", text).partition("/")[0].rpartition("@")[2].partition(":")[0]
    if inner == text or not re.fullmatch(r"[\w-]+(?:\.[\w-]+)+", inner):
        return ""
    return f' (did you mean "{inner}"?)'
