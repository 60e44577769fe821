"""The grammar of SPF records: RFC 7208 §4.5, §4.6.1, §5, §6, §7.1 and §12."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from ipaddress import IPv4Network, IPv6Network

VERSION = "v=spf1"
LOOKUPS = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
"""The terms that cost a DNS lookup (§4.6.4)."""

_MACRO = r"%(?:[%_-]|\{[slodiphcrtv][0-9]*r?[.\-+,/_=]*\})"
_TOKEN = re.compile(rf"{_MACRO}|[!-$&-~]+", re.IGNORECASE)
_ZERO_PARTS = re.compile(r"%\{[a-z]0+r?[^0-9]*\}", re.IGNORECASE)
_ONLY_IN_EXPLANATIONS = re.compile(r"%\{[crt]", re.IGNORECASE)
_TOPLABEL = re.compile(r"(?![0-9]+\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE)
_DIRECTIVE = re.compile(r"([+?~-]?)([a-z][a-z0-9]*)(.*)", re.IGNORECASE)
# Matches every text: what is no prefix stays in the first group and is judged as a domain.
_DUAL_CIDR = re.compile(r"(.*?)(?:/(0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?")
_CIDR = re.compile(r"([^/]*)(?:/(0|[1-9][0-9]{0,2}))?")


class Fault(StrEnum):
    """Every way in which a term can be wrong."""

    CHARACTER = "character"
    """A character that is not printable ASCII."""
    UNKNOWN = "unknown_term"
    """Neither a mechanism nor a modifier."""
    ARGUMENT = "argument"
    """Something follows the name that may not follow it."""
    NO_DOMAIN = "no_domain"
    """The domain is missing."""
    DOMAIN = "bad_domain"
    """The domain does not end in a macro or a top-level label (§7.1)."""
    MACRO = "bad_macro"
    NETWORK = "bad_network"
    """No address, or none of this family."""
    PREFIX = "bad_prefix"
    """A prefix longer than the address."""
    TWICE = "twice"
    """redirect or exp a second time (§6)."""


class ParseError(ValueError):
    """A record that every receiver must treat as a permanent error (§4.6)."""

    def __init__(self, fault: Fault, term: str = "") -> None:
        """Keep what is wrong, and with which term."""
        super().__init__(f"{fault}: {term!r}")
        self.fault = fault
        self.term = term


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """One directive (§4.6.1)."""

    text: str
    qualifier: str
    """One of ``+ - ~ ?``."""
    name: str
    """Lower case."""
    domain: str = ""
    """The domain-spec; empty stands for the domain that is checked."""
    network: IPv4Network | IPv6Network | None = None
    """Of ip4 and ip6."""
    prefix4: int = 32
    prefix6: int = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Modifier:
    """One modifier (§6)."""

    text: str
    name: str
    """Lower case."""
    value: str

    @property
    def domain(self) -> str:
        """The domain-spec of redirect and exp."""
        return self.value


Term = Mechanism | Modifier


@dataclass(frozen=True)
class Record:
    """A record without errors."""

    terms: tuple[Term, ...]

    @cached_property
    def mechanisms(self) -> tuple[Mechanism, ...]:
        """Those that are ever tested: nothing after ``all`` is (§5.1)."""
        found: list[Mechanism] = []
        for term in self.terms:
            if isinstance(term, Mechanism):
                found.append(term)
                if term.name == "all":
                    break
        return tuple(found)

    @cached_property
    def all(self) -> Mechanism | None:
        """The mechanism that ends the evaluation."""
        last = self.mechanisms[-1:]
        return last[0] if last and last[0].name == "all" else None

    @cached_property
    def redirect(self) -> Modifier | None:
        """The redirect in force: with an ``all`` there is none (§6.1)."""
        if self.all:
            return None
        found = (t for t in self.terms if isinstance(t, Modifier) and t.name == "redirect")
        return next(found, None)

    @cached_property
    def explanation(self) -> Modifier | None:
        """Where the owner tells why mail is turned away (§6.2)."""
        found = (t for t in self.terms if isinstance(t, Modifier) and t.name == "exp")
        return next(found, None)

    @cached_property
    def queries(self) -> tuple[Term, ...]:
        """The terms that cost a lookup, in the order of evaluation."""
        found: list[Term] = [m for m in self.mechanisms if m.name in LOOKUPS]
        return (*found, self.redirect) if self.redirect else tuple(found)


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record, be it right or wrong (§4.5)."""
    return text[:7].lower() in {VERSION, f"{VERSION} "}


def words(text: str) -> tuple[str, ...]:
    """Split the terms off an SPF record; only spaces separate them (§4.6.1)."""
    return tuple(word for word in text[len(VERSION) :].split(" ") if word)


@lru_cache(maxsize=1024)  # a provider's record is read for each of its customers, by each check
def parse(text: str) -> Record:
    """Read a record for which ``is_spf`` holds; raises ParseError for its first fault."""
    terms: list[Term] = []
    for read in _read(text):
        if isinstance(read, ParseError):
            raise read
        terms.append(read)
    return Record(tuple(terms))


@lru_cache(maxsize=1024)
def faults(text: str) -> tuple[ParseError, ...]:
    """Find every fault of a record."""
    return tuple(read for read in _read(text) if isinstance(read, ParseError))


def has_macro(domain: str) -> bool:
    """Whether a domain-spec can only be known when a message comes in."""
    return "%" in domain


def is_explanation(text: str) -> bool:
    """Whether a text is what ``exp`` may point to: macro-strings and spaces (§6.2, §12)."""
    try:
        for word in text.split(" "):
            _macro_tokens(word, word)
    except ParseError:
        return False
    return True


def _read(text: str) -> list[Term | ParseError]:
    if not is_spf(text):
        return [ParseError(Fault.UNKNOWN, text[: len(VERSION)])]
    once: set[str] = set()
    found: list[Term | ParseError] = []
    for word in words(text):
        try:
            found.append(_term(word, once))
        except ParseError as fault:
            found.append(fault)
    return found


def _term(word: str, once: set[str]) -> Term:
    if not all("!" <= character <= "~" for character in word):
        raise ParseError(Fault.CHARACTER, word)
    if match := _MODIFIER.fullmatch(word):
        return _modifier(word, match[1].lower(), match[2], once)
    match = _DIRECTIVE.fullmatch(word)
    build = _MECHANISMS.get(match[2].lower()) if match else None
    if not match or not build:
        raise ParseError(Fault.UNKNOWN, word)
    return build(word, match[1] or "+", match[2].lower(), match[3])


def _modifier(word: str, name: str, value: str, once: set[str]) -> Modifier:
    if name in {"redirect", "exp"}:
        if name in once:
            raise ParseError(Fault.TWICE, word)
        once.add(name)
        _check_domain(value, word)
    else:
        _macro_tokens(value, word)
    return Modifier(text=word, name=name, value=value)


def _plain(word: str, qualifier: str, name: str, rest: str) -> Mechanism:
    """Build ``all``, which takes nothing (§5.1)."""
    if rest:
        raise ParseError(Fault.ARGUMENT, word)
    return Mechanism(text=word, qualifier=qualifier, name=name)


def _pointed(word: str, qualifier: str, name: str, rest: str) -> Mechanism:
    """Build ``include`` or ``exists``: a domain must follow (§5.2, §5.7)."""
    if not rest:
        raise ParseError(Fault.NO_DOMAIN, word)
    return _reverse(word, qualifier, name, rest)


def _reverse(word: str, qualifier: str, name: str, rest: str) -> Mechanism:
    """Build ``ptr``: a domain may follow (§5.5)."""
    if rest and rest[0] != ":":
        raise ParseError(Fault.ARGUMENT, word)
    if rest:
        _check_domain(rest[1:], word)
    return Mechanism(text=word, qualifier=qualifier, name=name, domain=rest[1:])


def _hosts(word: str, qualifier: str, name: str, rest: str) -> Mechanism:
    """Build ``a`` or ``mx``: a domain may follow, and prefixes (§5.3, §5.4)."""
    head, prefix4, prefix6 = _DUAL_CIDR.fullmatch(rest).groups()  # type: ignore[union-attr]
    return replace(
        _reverse(word, qualifier, name, head),
        prefix4=_prefix(prefix4, 32, word),
        prefix6=_prefix(prefix6, 128, word),
    )


def _network(word: str, qualifier: str, name: str, rest: str) -> Mechanism:
    """Build ``ip4`` or ``ip6`` (§5.6)."""
    if rest[:1] != ":":
        raise ParseError(Fault.NETWORK if not rest else Fault.ARGUMENT, word)
    match = _CIDR.fullmatch(rest[1:])
    # A zone after "%" is a notation of Python's, not of RFC 4291.
    if not match or "%" in rest:
        raise ParseError(Fault.NETWORK, word)
    bits = 32 if name == "ip4" else 128
    prefix = _prefix(match[2], bits, word)
    kind = IPv4Network if name == "ip4" else IPv6Network
    try:
        network = kind(f"{match[1]}/{prefix}", strict=False)
    except ValueError as error:
        raise ParseError(Fault.NETWORK, word) from error
    return Mechanism(text=word, qualifier=qualifier, name=name, network=network)


def _prefix(digits: str | None, bits: int, word: str) -> int:
    length = bits if digits is None else int(digits)
    if length > bits:
        raise ParseError(Fault.PREFIX, word)
    return length


def _check_domain(domain: str, word: str) -> None:
    """Check a domain-spec: a macro-string that ends in a macro or a top-level label (§7.1)."""
    if not domain:
        raise ParseError(Fault.NO_DOMAIN, word)
    tokens = _macro_tokens(domain, word)
    # Letters that only an explanation may use (§7.2).
    if any(_ONLY_IN_EXPLANATIONS.match(token) for token in tokens):
        raise ParseError(Fault.MACRO, word)
    if tokens[-1].startswith("%"):
        return
    _, dot, label = domain.removesuffix(".").rpartition(".")
    if not dot or not _TOPLABEL.fullmatch(label):
        raise ParseError(Fault.DOMAIN, word)


def _macro_tokens(text: str, word: str) -> list[str]:
    """Split a macro-string into macros and literals; a zero number of parts is an error (§7.3)."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text or any(_ZERO_PARTS.fullmatch(token) for token in tokens):
        raise ParseError(Fault.MACRO, word)
    return tokens


_MECHANISMS = {
    "all": _plain,
    "include": _pointed,
    "exists": _pointed,
    "a": _hosts,
    "mx": _hosts,
    "ptr": _reverse,
    "ip4": _network,
    "ip6": _network,
}
