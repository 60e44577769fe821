"""The macros of SPF: RFC 7208 §7. Pure; what a validated name needs is asked elsewhere."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

from .names import is_within

_MACRO = re.compile(
    r"%(?:([%_-])|\{([slodiphcrtv])([0-9]*)(r?)([.\-+,/_=]*)\})",
    re.IGNORECASE,
)
_PLAIN = {"%": "%", "_": " ", "-": "%20"}
_NAME_LENGTH = 253
UNKNOWN = "unknown"
"""What stands for a name that nothing confirms (§7.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is known of a message when SPF is checked (§7.2)."""

    address: IPv4Address | IPv6Address
    """Of the client; never an IPv4 address in the clothes of IPv6."""
    sender: str
    """Always with a local part (§4.3)."""
    helo: str
    receiver: str = UNKNOWN
    """The host that checks: ``%{r}``."""
    timestamp: str = UNKNOWN
    """Seconds since 1970, UTC: ``%{t}``."""

    @property
    def domain(self) -> str:
        """The domain of the sender."""
        return self.sender.rpartition("@")[2]

    def value(self, letter: str, domain: str, validated: str) -> str:
        """Return what a lower-case macro letter stands for, while ``domain`` is checked."""
        local, _, sender_domain = self.sender.rpartition("@")
        values = {"s": self.sender, "l": local, "o": sender_domain, "d": domain, "p": validated}
        values |= {"i": _dotted(self.address), "c": str(self.address), "h": self.helo}
        values |= {"v": "in-addr" if self.address.version == 4 else "ip6"}
        return {**values, "r": self.receiver, "t": self.timestamp}[letter]


def message(ip: str, mail_from: str, helo: str) -> Message:
    """Put a message together (§2.4, §4.3); raises ValueError if ``ip`` is no address."""
    address = IPv6Address(ip) if ":" in ip else IPv4Address(ip)
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    local, _, domain = (mail_from or helo).rpartition("@")
    return Message(address=address, sender=f"{local or 'postmaster'}@{domain}", helo=helo)


def needs_validated_name(text: str) -> bool:
    """Whether a macro-string asks for the client's own name."""
    return any((match[2] or "").lower() == "p" for match in _MACRO.finditer(text))


def validated_name(names: tuple[str, ...], domain: str) -> str:
    """Choose among the validated names of the client (§7.3)."""
    same = [name for name in names if name == domain]
    beneath = [name for name in names if is_within(name, domain)]
    return next(iter((*same, *beneath, *names)), UNKNOWN)


def expand(text: str, about: Message, domain: str, validated: str = UNKNOWN) -> str:
    """Expand a macro-string without faults."""

    def expanded(match: re.Match[str]) -> str:
        if match[1]:
            return _PLAIN[match[1]]
        value = about.value(match[2].lower(), domain, validated)
        made = _transformed(value, match[3], match[4], match[5])
        return quote(made, safe="") if match[2].isupper() else made

    return _MACRO.sub(expanded, text)


def query_name(text: str) -> str:
    """Turn an expanded domain-spec into a name; one too long loses labels on the left (§7.3)."""
    name = text.removesuffix(".")
    while len(name) > _NAME_LENGTH and "." in name:
        name = name.partition(".")[2]
    return name


def _transformed(value: str, digits: str, reverse: str, delimiters: str) -> str:
    """Split, turn round, keep the right-hand parts, join with dots (§7.3)."""
    parts = re.split(f"[{re.escape(delimiters)}]", value) if delimiters else value.split(".")
    if reverse:
        parts.reverse()
    return ".".join(parts[-int(digits) :] if digits else parts)


def _dotted(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return ".".join(f"{int(address):032X}")
