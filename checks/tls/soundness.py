"""What certificates are made of, judged: keys, signatures, and the rules for their fields."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from posture.model import Evidence, Reason, Value, Verdict, failed, params, passed, unknown

from . import lifetimes
from .facts import Certificate, Presented, Profile
from .judgements import describe

_BROKEN = {"md2", "md4", "md5", "sha1"}
_CURVE, _EDWARDS = "EC ", {"Ed25519", "Ed448"}
_SERVER, _ANY = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
_USES_NEEDED = datetime(2019, 7, 1, tzinfo=UTC)
"""From when on Apple's systems want every certificate to say that it is for servers."""

MAX_SERIAL = 20
"""Octets of a serial number (RFC 5280 §4.1.2.2)."""

MOST_NAMES = 100
"""As many are kept in evidence; what is not among them may still be in the certificate."""


@params
class Strength:
    """The shortest keys that will do, in bits."""

    rsa_bits: int
    curve_bits: int


@params
class Rules:
    """What public authorities owe to a certificate's owner."""

    timestamps: int
    """Public logs that browsers want to see it in."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a text of the page, and its values."""

    says: str
    certificate: Certificate
    values: dict[str, Value]


def strong(presented: Presented, settings: Strength) -> Verdict:
    """Nobody can work out the key, or forge the signatures, of any certificate on the path."""
    path = tuple(_path(presented))
    seen = tuple(_evidence(presented, found) for found in path)
    problems = [problem for found in path for problem in _weaknesses(found, settings)]
    unread = [found for found in path if not _known(found)]
    observed = ", ".join(f"{found.key} {found.key_bits}, {_digest(found)}" for found in path)
    expected = f"RSA {settings.rsa_bits} or EC {settings.curve_bits} or longer, SHA-256 or longer"
    if problems:
        worst = problems[0]
        fix = "rekey" if worst.certificate is presented.leaf else "authority"
        verdict = failed(worst.says, *seen, fix=fix, **worst.values)
    elif unread:
        whose = {"subject": unread[0].subject, "key": unread[0].key}
        verdict = unknown("unread", *seen, reason=Reason.INCONCLUSIVE, **whose)
    else:
        verdict = passed("ok", *seen, count=len(path))
    return replace(verdict, observed=observed, expected=expected)


def _path(presented: Presented) -> Iterator[Certificate]:
    """The server's certificate and what lies between it and the store: more may have been sent."""
    yield presented.leaf
    between = presented.trust.path[1:-1]
    yield from (found for found in presented.chain[1:] if found.sha256 in between)


def _weaknesses(found: Certificate, settings: Strength) -> Iterator[Problem]:
    values: dict[str, Value] = {"subject": found.subject, "key": found.key, "bits": found.key_bits}
    if found.key == "DSA":
        yield Problem("dsa", found, values)
    if found.key == "RSA" and found.key_bits < settings.rsa_bits:
        yield Problem("short", found, {**values, "least": settings.rsa_bits})
    if found.key.startswith(_CURVE) and found.key_bits < settings.curve_bits:
        yield Problem("short", found, {**values, "least": settings.curve_bits})
    if not found.self_issued and found.profile and found.profile.digest in _BROKEN:
        yield Problem("digest", found, {**values, "digest": _digest(found)})


def _known(found: Certificate) -> bool:
    """Whether something is known of the strength of its key and of its signature."""
    key = found.key in {"RSA", *_EDWARDS} or found.key.startswith(_CURVE)
    return key and (found.self_issued or bool(found.profile and found.profile.digest))


def _digest(found: Certificate) -> str:
    return found.profile.digest.upper() if found.profile else ""


def well_made(presented: Presented, settings: Rules) -> Verdict:
    """The certificate keeps the rules that browsers and systems enforce or soon will."""
    leaf, seen = presented.leaf, _evidence(presented, presented.leaf)
    if leaf.profile is None:
        return unknown("unread", seen, reason=Reason.NOT_COLLECTED)
    problems = list(_problems(presented, leaf, leaf.profile))
    if problems:
        worst = problems[0]
        fix = _FIXES.get(worst.says, "reissue")
        verdict = failed(worst.says, seen, fix=fix, **worst.values)
    else:
        verdict = _logged(passed("ok", seen), presented, leaf.profile, settings)
    observed = ", ".join(problem.says for problem in problems) or "nothing wrong"
    return replace(verdict, observed=observed, expected="RFC 5280 and the rules of browsers")


_FIXES = {"wildcard": "narrow", "too_long": "shorten"}


def _problems(presented: Presented, leaf: Certificate, profile: Profile) -> Iterator[Problem]:
    """Everything that is wrong, the worst first."""
    public = presented.trust.public
    if presented.suffixes:
        yield Problem("wildcard", leaf, {"suffix": presented.suffixes[0]})
    yield from _too_long(leaf, public=public)
    if not profile.uses and (public or leaf.not_before >= _USES_NEEDED):
        yield Problem("useless", leaf, {})
    if public and _ANY in profile.uses:
        yield Problem("any_use", leaf, {})
    if not _good_serial(leaf.serial):
        yield Problem("serial", leaf, {"serial": leaf.serial[:60]})
    if public and leaf.common_name and not _repeated(leaf):
        yield Problem("common_name", leaf, {"name": leaf.common_name})


def _too_long(leaf: Certificate, *, public: bool) -> Iterator[Problem]:
    longest = lifetimes.shipped().longest(leaf.not_before, public=public)
    # RFC 5280 §4.1.2.5: the last second counts.
    lifetime = leaf.not_after - leaf.not_before + timedelta(seconds=1)
    if longest is not None and lifetime > timedelta(days=longest):
        yield Problem("too_long", leaf, {"days": lifetime.days, "longest": longest})


def _good_serial(text: str) -> bool:
    """A positive number; one more bit for the sign."""
    serial = int(text, 16)
    return serial > 0 and serial.bit_length() < 8 * MAX_SERIAL


def _repeated(leaf: Certificate) -> bool:
    if len(leaf.names) >= MOST_NAMES:
        return True
    names = {name.lower() for name in (*leaf.names, *leaf.addresses)}
    return leaf.common_name.lower() in names


def _logged(verdict: Verdict, presented: Presented, profile: Profile, settings: Rules) -> Verdict:
    """Timestamps may also be sent beside the certificate: that there are none in it proves less."""
    if not presented.trust.public or profile.timestamps >= settings.timestamps:
        return verdict
    values = {**verdict.values, "count": profile.timestamps, "wanted": settings.timestamps}
    return replace(verdict, near_miss="timestamps", values=values)


def _evidence(presented: Presented, found: Certificate) -> Evidence:
    profile = found.profile
    more = (
        f"; signed over {profile.digest or 'an unknown hash'}; serial {found.serial[:60]}; "
        f"{profile.timestamps} timestamps; uses {', '.join(profile.uses) or 'not said'}"
        if profile
        else ""
    )
    source = f"certificate of {presented.host} at {presented.address}"
    return Evidence(source=source, record=describe(found) + more)
