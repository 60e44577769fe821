"""Content-Security-Policy: its grammar, and what a list of policies lets an attacker do.

Content Security Policy Level 3, W3C Working Draft: §2.2.2 how headers become policies, §6.7.3.2
which inline scripts run, §6.7.2 which addresses match, §6.1 what a directive falls back to.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_POLICY = 16_384
SCRIPT = ("script-src-elem", "script-src", "default-src")
HANDLER = ("script-src-attr", "script-src", "default-src")
OBJECT = ("object-src", "default-src")
NOT_IN_META = frozenset({"frame-ancestors", "report-uri", "sandbox"})
"""§3.3: these are ignored in a meta element."""

_DIGEST = re.compile(r"'(nonce-|sha(256|384|512)-)[A-Za-z0-9+/_=-]+'", re.IGNORECASE)
_ANY = re.compile(r"https?:|(https?://)?\*(:(\*|\d+))?/?", re.IGNORECASE)
PUBLISHERS = frozenset({"cdn.jsdelivr.net", "unpkg.com"})
"""They serve every package that anybody publishes at npm, scripts of one's own among them."""


class Hole(StrEnum):
    """A way for text that got into a page to become a running script."""

    INLINE = "inline"
    HANDLER = "handler"
    ANYWHERE = "anywhere"
    DATA = "data"
    OBJECT = "object"
    BASE = "base"


RUNS = frozenset({Hole.INLINE, Hole.HANDLER, Hole.ANYWHERE, Hole.DATA})
"""Those that need nothing else. The other two need more luck."""


class ParseError(ValueError):
    """No policy that could be judged."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy: source lists by directive; of equals the first counts."""

    directives: Mapping[str, tuple[str, ...]]

    def sources(self, *names: str) -> tuple[str, ...] | None:
        """Return the list of the first directive that is there; None if none of them is."""
        return next((self.directives[name] for name in names if name in self.directives), None)


def parse(header: str, *, meta: bool = False) -> tuple[Policy, ...]:
    """Read one header, which may hold several policies; raises ParseError."""
    if len(header) > MAX_POLICY:
        raise ParseError(f"{len(header)} characters")
    parts = [header] if meta else header.split(",")
    found = [_policy(part, meta=meta) for part in parts]
    return tuple(policy for policy in found if policy.directives)


def _policy(text: str, *, meta: bool) -> Policy:
    directives: dict[str, tuple[str, ...]] = {}
    for item in text.split(";"):
        name, *values = item.split() or [""]
        if name and item.isascii() and not (meta and name.lower() in NOT_IN_META):
            directives.setdefault(name.lower(), tuple(values))
    return Policy(directives)


def holes(policies: Iterable[Policy]) -> frozenset[Hole]:
    """What all of these policies together let through: each one can only take away."""
    left = frozenset(Hole)
    for policy in policies:
        left &= _holes(policy)
    return left


def _holes(policy: Policy) -> frozenset[Hole]:
    sandbox = policy.sources("sandbox")
    if sandbox is not None and "allow-scripts" not in _lower(sandbox):
        return frozenset()
    scripts, handlers = policy.sources(*SCRIPT), policy.sources(*HANDLER)
    found = set() if scripts is None else _elements(scripts)
    if scripts is None:
        found = {Hole.INLINE, Hole.ANYWHERE, Hole.DATA}
    if handlers is None or _inline(handlers):
        found.add(Hole.HANDLER)
    if policy.sources(*OBJECT) is None:
        found.add(Hole.OBJECT)
    trusts_marks = scripts is None or any(map(_DIGEST.fullmatch, scripts))
    if policy.sources("base-uri") is None and (trusts_marks or Hole.ANYWHERE in found):
        found.add(Hole.BASE)
    return frozenset(found)


def _elements(sources: Sequence[str]) -> set[Hole]:
    found = {Hole.INLINE} if _inline(sources) else set()
    lower = _lower(sources)
    if "'strict-dynamic'" in lower:  # addresses are ignored beside it
        return found
    if any(map(_is_anybody, lower)):
        found.add(Hole.ANYWHERE)
    if "data:" in lower:
        found.add(Hole.DATA)
    return found


def _inline(sources: Sequence[str]) -> bool:
    """§6.7.3.2: a nonce, a digest or strict-dynamic takes unsafe-inline back."""
    lower = _lower(sources)
    taken_back = "'strict-dynamic'" in lower or any(map(_DIGEST.fullmatch, sources))
    return "'unsafe-inline'" in lower and not taken_back


def _is_anybody(source: str) -> bool:
    host = re.sub(r"^https?://", "", source)
    return bool(_ANY.fullmatch(source)) or host.removesuffix("/") in PUBLISHERS


def _lower(sources: Sequence[str]) -> list[str]:
    return [source.lower() for source in sources]


def loose_words(policies: Iterable[Policy]) -> tuple[str, ...]:
    """The words of these policies that open holes, in order, each once."""
    found: list[str] = []
    for policy in policies:
        for source in policy.sources(*SCRIPT) or ():
            lower = source.lower()
            if lower in {"'unsafe-inline'", "data:"} or _is_anybody(lower):
                found.append(source)
        missing = (names for names in (SCRIPT[1:], OBJECT, ("base-uri",)))
        found += [f"no {names[0]}" for names in missing if policy.sources(*names) is None]
    return tuple(dict.fromkeys(found))


def frames(policies: Iterable[Policy]) -> bool | None:
    """Whether any site may show the page in a frame (§6.4.2); None if no policy speaks of it."""
    lists = [policy.sources("frame-ancestors") for policy in policies]
    said = [sources for sources in lists if sources is not None]
    if not said:
        return None
    return all(any(_ANY.fullmatch(source) for source in sources) for sources in said)
