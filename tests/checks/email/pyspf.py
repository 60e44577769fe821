"""pyspf as an oracle: random zones for it, and its rules where RFC 7208 says otherwise."""

import inspect
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

from tests.checks.email.world import Zones

with warnings.catch_warnings():
    # Its docstrings hold escapes that later Pythons warn of, when they compile it.
    warnings.simplefilter("ignore")
    import spf

DEFAULT = "no explanation"
DOMAINS = [f"d{number}.example" for number in range(7)]
HOSTS = [f"h{number}.example" for number in range(5)]
ADDRESSES = ["192.0.2.1", "192.0.2.9", "198.51.100.7", "2001:db8::1", "2001:db8:1::9"]
MACROS = ["%{d}", "%{i}.x.example", "%{ir}.%{v}.d1.example", "%{l}.d2.example", "%{o}", "%{h}"]
MACROS += ["%{d2}", "%{s}.example", "%{p}", "%{dr-}.example", "%{l1r+-}.d3.example"]
FAULTY = [
    "ip4:1.2.3",
    "a:",
    "moo",
    "include",
    "all:x",
    "ip6:1.2.3.4",
    "mx/33",
    "redirect=",
    "a//129",
]
Node = dict[str, list[str] | str]


def message(draw: random.Random) -> tuple[str, str, str]:
    """Draw a client, a sender and a HELO name."""
    sender = draw.choice(["alice", "a.b-c", "x+y", ""]) + "@" + draw.choice(DOMAINS[:2])
    return draw.choice(ADDRESSES), sender, draw.choice(HOSTS)


def zones(draw: random.Random) -> dict[str, Node]:
    """Draw a small world in which most names exist and a few do not answer."""
    made: dict[str, Node] = {name: _domain(draw) for name in DOMAINS if draw.random() < 0.93}
    made |= {name: _host(draw) for name in HOSTS if draw.random() < 0.85}
    for address in ADDRESSES:
        if draw.random() < 0.6:
            made[ip_address(address).reverse_pointer] = {
                "PTR": [f"{_name(draw)}." for _ in range(draw.choice([1, 1, 2, 12]))]
            }
    for address in ADDRESSES[:2]:
        made[f"{address}.x.example"] = {"A": ["127.0.0.2"]} if draw.random() < 0.5 else {}
    for _ in range(draw.choice([0, 0, 1, 4])):
        made[draw.choice(list(made))][draw.choice(["TXT", "A", "AAAA", "MX", "PTR"])] = "TIMEOUT"
    if draw.random() < 0.2:
        made[draw.choice(HOSTS[2:])] = {"CNAME": [draw.choice(HOSTS[:2])]}
    if draw.random() < 0.1:
        made[draw.choice(DOMAINS[4:])] = {"CNAME": [draw.choice(DOMAINS[:4])]}
    made["e.example"] = {
        "TXT": [draw.choice(["No mail for %{d} from %{i}.", "bad %", "50%% %{c} %{S}"])]
    }
    return made


def _domain(draw: random.Random) -> Node:
    node: Node = {"TXT": [_record(draw)]}
    if draw.random() < 0.04:
        node["TXT"] = [_record(draw), _record(draw)]
    if draw.random() < 0.05:
        node["TXT"] = []
    if draw.random() < 0.5:
        node["MX"] = [f"{n} {draw.choice(HOSTS)}." for n in range(draw.choice([1, 1, 2, 3, 11]))]
    return {**node, **_host(draw)}


def _host(draw: random.Random) -> Node:
    node: Node = {}
    if draw.random() < 0.8:
        node["A"] = [draw.choice(ADDRESSES[:3])]
    if draw.random() < 0.4:
        node["AAAA"] = [draw.choice(ADDRESSES[3:])]
    return node


def _record(draw: random.Random) -> str:
    terms = [_term(draw) for _ in range(draw.choice([1, 2, 3, 3, 4, 6, 12]))]
    if draw.random() < 0.05:
        terms.append(draw.choice(FAULTY))
    if draw.random() < 0.8:
        terms.append(draw.choice(["-all", "~all", "?all", "all"]))
    if draw.random() < 0.2:
        terms.append(f"redirect={_name(draw)}")
    if draw.random() < 0.3:
        terms.insert(0, f"exp={draw.choice(['e.example', 'gone.example', '%{d}'])}")
    if draw.random() < 0.1:
        terms.append(f"note={draw.choice(MACROS)}")
    return " ".join(["v=spf1", *terms])


def _term(draw: random.Random) -> str:
    qualifier = draw.choice(["", "", "", "", "-", "~", "?"])
    prefix4, prefix6 = (
        draw.choice(["", "", "/24", "/30", "/0"]),
        draw.choice(["", "", "//48", "//64"]),
    )
    name = _name(draw)
    return qualifier + draw.choice(
        [
            f"ip4:{draw.choice(ADDRESSES[:3])}{prefix4}",
            f"ip6:{draw.choice(ADDRESSES[3:])}{prefix6[1:]}",
            f"a{prefix4}{prefix6}",
            f"a:{name}{prefix4}{prefix6}",
            f"mx:{name}{prefix4}{prefix6}",
            "mx",
            f"include:{name}",
            f"include:{draw.choice(DOMAINS)}",
            f"exists:{name}",
            "ptr",
            f"ptr:{name}",
        ]
    )


def _name(draw: random.Random) -> str:
    if draw.random() < 0.12:
        return draw.choice(MACROS)
    return draw.choice([*DOMAINS, *DOMAINS, *HOSTS, "gone.example", "x..example"])


class RedirectIsChargedWhenFollowed(spf.query):  # type: ignore[misc]
    """§4.6.4 counts terms during evaluation, §6.1 ignores a redirect unless nothing matched."""

    def check_lookups(self) -> None:
        if isinstance(_caller()["m"], str):  # a list while the modifiers are being read
            super().check_lookups()

    def dns_spf(self, domain: str) -> Any:
        if domain is _caller().get("redirect"):
            super().check_lookups()
        return super().dns_spf(domain)


class VoidsAreTerms(spf.query):  # type: ignore[misc]
    """§4.6.4 counts terms with an empty answer, not what an alias, an mx or a ptr leads to."""

    own_question = False

    def check_lookups(self) -> None:
        super().check_lookups()
        self.own_question = True

    def dns(self, name: str, qtype: str, cnames: Any = None, ignore_void: bool = False) -> Any:
        uncounted = ignore_void or not self.own_question
        self.own_question = False
        return super().dns(name, qtype, cnames, uncounted)


class PtrErrorsAreNoMatch(spf.query):  # type: ignore[misc]
    """§5.5: an error while names are looked up only means that the mechanism does not match."""

    def validated_ptrs(self) -> Any:
        try:
            names = self.dns_ptr(self.i)
        except spf.TempError:
            return []
        return [name for name in names[:10] if self._leads_back(name)]

    def _leads_back(self, name: str) -> bool:
        try:
            return bool(self.cidrmatch(self.dns_a(name, self.A), self.cidrmax))
        except spf.TempError:
            return False


class AnMxMatchIsEnough(spf.query):  # type: ignore[misc]
    """§5.4: the hosts come in order of preference; one beyond the match cannot turn it over."""

    def dns_mx(self, domainname: str) -> Any:
        prefix, found = _caller()["cidrlength"], []
        names = sorted(self.dns(domainname, "MX"))
        if len(names) > 10:
            raise spf.PermError("More than 10 MX records")
        for _, host in names:
            found += self.dns_a(host, self.A)
            if self.cidrmatch(found, prefix):
                break
        return found


class AnIncludeOfItselfIsWrongWhenReached(spf.query):  # type: ignore[misc]
    """§4.6.2 evaluates from left to right: a later term does nothing before it is reached."""

    def expand_domain(self, arg: str) -> Any:
        made = super().expand_domain(arg)
        # pyspf compares letter by letter when it refuses an include of its own domain.
        return made.upper() if _caller().get("m") == "include" and made == self.d else made


class AMissingLocalPartIsPostmaster(spf.query):  # type: ignore[misc]
    """§4.3: it stands in the whole sender too, not in the local part alone."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.s = f"{self.l}@{self.o}"


class AnExplanationIsNoName(spf.query):  # type: ignore[misc]
    """§7.3 cuts what is used as a domain name; an explanation is not."""

    def expand(self, s: str, stripdot: bool = True) -> Any:
        if stripdot:
            return super().expand(s)
        made = super().expand
        return "".join(made(f"{word} ", False) for word in s.split(" "))[:-1]


RULES = (
    RedirectIsChargedWhenFollowed,
    VoidsAreTerms,
    PtrErrorsAreNoMatch,
    AnMxMatchIsEnough,
    AnIncludeOfItselfIsWrongWhenReached,
    AMissingLocalPartIsPostmaster,
    AnExplanationIsNoName,
)
"""Where pyspf goes its own way, and what RFC 7208 says."""


def _caller() -> dict[str, Any]:
    frame = inspect.currentframe()
    assert frame
    assert frame.f_back
    assert frame.f_back.f_back
    return frame.f_back.f_back.f_locals


def corrected(*rules: type[spf.query]) -> type[spf.query]:
    """Pyspf with rules of RFC 7208 in place of its own."""
    return type("Corrected", (*rules, spf.query), {})


def ask(world: Zones, about: tuple[str, str, str], query: type[spf.query]) -> tuple[str, str]:
    """Let pyspf check a message; return its result, and its explanation of a fail."""
    with _answering(world):
        made = query(i=about[0], s=about[1], h=about[2], receiver="unknown", querytime=0)
        made.set_default_explanation(DEFAULT)
        result, _, explanation = made.check()
    owner = explanation if result == "fail" and explanation != DEFAULT else ""
    return result, owner


@contextmanager
def _answering(world: Zones) -> Iterator[None]:
    def answer(name: str, qtype: str, *_: object) -> list[tuple[tuple[str, str], Any]]:
        node = world.get(name.lower(), {})
        found = node.get(qtype, [])
        if isinstance(found, str):
            raise spf.TempError(found)
        if node.get("CNAME"):
            return [((name, "CNAME"), node["CNAME"][0])]
        return [((name, qtype), _value(qtype, text)) for text in sorted(found)]

    before, spf.DNSLookup = spf.DNSLookup, answer
    try:
        yield
    finally:
        spf.DNSLookup = before


def _value(qtype: str, text: str) -> Any:
    if qtype == "TXT":
        return (text.encode("latin-1"),)
    if qtype == "MX":
        preference, _, host = text.partition(" ")
        return int(preference), host.removesuffix(".")
    return text.removesuffix(".")
