"""Judging a name that has several addresses: the worst counts, and they ought to be alike."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from posture.model import (
    Evidence,
    Failed,
    Reason,
    Status,
    Verdict,
    check,
    failed,
    not_applicable,
    passed,
    unknown,
)

from .address_facts import Elsewhere, MailAddresses, WebAddresses
from .facts import (
    MailCertificate,
    MailVersions,
    Outcome,
    Presented,
    StartTls,
    VersionProbe,
    WebCertificate,
    WebVersions,
)

T = TypeVar("T")
_RANK = {Status.FAIL: 0, Status.PARTIAL: 1, Status.UNKNOWN: 2, Status.PASS: 3}


Unseen = tuple[str, Failed]
"""An address, and why it showed nothing."""
_UNASKED = Failed(reason=Reason.INCONCLUSIVE, detail="it no longer answered")


@dataclass(frozen=True, slots=True)
class Others(Generic[T]):
    """The further addresses of a name: those that showed what is judged, and those that did not."""

    seen: tuple[tuple[str, T], ...]
    unseen: tuple[Unseen, ...]


def web_certificates(found: WebAddresses | Failed) -> Others[Presented]:
    """The certificates of the further addresses of a web site."""
    if isinstance(found, Failed):
        return _none(found)
    shown = [(each.address, each.presented or each.failure or _UNASKED) for each in found.others]
    return _told(shown, found.more)


def mail_certificates(found: MailAddresses | Failed) -> Others[Presented | None]:
    """The certificates of the further addresses of a mail server; None: no STARTTLS there."""
    if isinstance(found, Failed):
        return _none(found)
    shown = [(each.address, each.failure or each.presented) for each in _tls(found)]
    return _told(shown, found.more)


def versions(found: WebAddresses | MailAddresses | Failed) -> Others[tuple[VersionProbe, ...]]:
    """The versions of TLS of the further addresses; none of them: no STARTTLS there."""
    if isinstance(found, Failed):
        return _none(found)
    shown: list[tuple[str, tuple[VersionProbe, ...] | Failed]] = []
    for each in _tls(found):
        lost = each.presented and not each.probes
        shown.append((each.address, each.failure or (_UNASKED if lost else each.probes)))
    return _told(shown, found.more)


def starts(found: MailAddresses | Failed) -> Others[StartTls]:
    """What the further addresses of a mail server say about encryption."""
    if isinstance(found, Failed):
        return _none(found)
    said = [(e.tls.address, e.start or e.tls.failure or _UNASKED) for e in found.others]
    return _told(said, found.more)


def _tls(found: WebAddresses | MailAddresses) -> tuple[Elsewhere, ...]:
    if isinstance(found, WebAddresses):
        return found.others
    return tuple(each.tls for each in found.others)


def _none(failure: Failed) -> Others[T]:
    return Others((), (("its other addresses", failure),))


def _told(shown: Iterable[tuple[str, T | Failed]], more: int) -> Others[T]:
    seen: list[tuple[str, T]] = []
    unseen: list[Unseen] = []
    for address, what in shown:
        if isinstance(what, Failed):
            unseen.append((address, what))
        else:
            seen.append((address, what))
    return Others(tuple(seen), (*unseen, *_beyond(more)))


def _beyond(more: int) -> tuple[Unseen, ...]:
    failure = Failed(reason=Reason.TOO_LARGE, detail="more addresses than are looked at")
    return ((f"{more} more", failure),) if more else ()


def everywhere(judge: Callable[[T], Verdict], here: T, others: Others[T]) -> Verdict:
    """Judge every address: the worst verdict stands, and a pass needs all of them seen.

    An address of IPv6 that cannot be reached from here at all is only noted.
    """
    worst = judge(here)
    for address, seen in others.seen:
        found = judge(seen)
        if _rank(found) < _rank(worst):
            worst = replace(found, observed=f"{found.observed} at {address}")
    unseen = [each for each in others.unseen if not _out_of_sight(each)]
    if unseen and worst.status in {Status.PASS, Status.NOT_APPLICABLE}:
        worst = _unknown("elsewhere", unseen, worst.evidence)
    return replace(worst, evidence=(*worst.evidence, *map(_note, others.unseen)))


def _rank(verdict: Verdict) -> int:
    return _RANK.get(verdict.status, len(_RANK))


def _out_of_sight(unseen: Unseen) -> bool:
    """From here there is no way to IPv6, which says nothing of the address."""
    address, failure = unseen
    return failure.reason is Reason.UNREACHABLE and ":" in address


def _note(unseen: Unseen) -> Evidence:
    address, failure = unseen
    return Evidence(source=address, record=f"{failure.reason}: {failure.detail}")


def _unknown(says: str, unseen: Sequence[Unseen], evidence: Iterable[Evidence]) -> Verdict:
    names = ", ".join(address for address, _ in unseen)
    return unknown(says, *evidence, reason=unseen[0][1].reason, addresses=names)


@check("tls.web.alike")
def web_alike(
    certificate: WebCertificate, versions: WebVersions, addresses: WebAddresses
) -> Verdict:
    """Every address of the web site shows the same certificate and the same versions of TLS."""
    if addresses.provider:
        return not_applicable("provider", provider=addresses.provider)
    if not addresses.others:
        return not_applicable("single")
    here = _Shown(certificate.presented, versions.probes, certificate.presented.address)
    there = [_Shown.at(each) for each in addresses.others]
    return _alike(here, there, _beyond(addresses.more))


@check("tls.mail.alike")
def mail_alike(
    starttls: StartTls,
    certificate: MailCertificate,
    versions: MailVersions,
    addresses: MailAddresses,
) -> Verdict:
    """Every address of the mail server offers the same encryption and certificate."""
    if addresses.provider:
        return not_applicable("provider", provider=addresses.provider)
    if not addresses.others:
        return not_applicable("single")
    here = _Shown(certificate.presented, versions.probes, starttls.address, offers=starttls.offered)
    there = [
        replace(
            _Shown.at(each.tls),
            offers=each.start.offered if each.start and not each.start.stripped else None,
        )
        for each in addresses.others
    ]
    return _alike(here, there, _beyond(addresses.more))


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is compared of one address."""

    presented: Presented | None
    probes: tuple[VersionProbe, ...]
    address: str
    failure: Failed | None = None
    offers: bool | None = None
    """Mail servers: STARTTLS; None where that was not seen."""

    @classmethod
    def at(cls, each: Elsewhere) -> "_Shown":
        return cls(each.presented, each.probes, each.address, each.failure)

    def unlike(self, other: "_Shown") -> list[str]:
        """What is provably different."""
        found = []
        if None not in (self.offers, other.offers) and self.offers is not other.offers:
            found.append("STARTTLS")
        if self.presented and other.presented:
            same = self.presented.leaf.sha256 == other.presented.leaf.sha256
            found += [] if same else ["certificate"]
        return found + [
            version
            for version, outcomes in self._versions(other)
            if outcomes == {Outcome.ACCEPTED, Outcome.REFUSED}
        ]

    def unsettled(self, other: "_Shown") -> bool:
        """A version is accepted or refused here, and nobody knows about there, or the reverse."""
        mixed = any(
            len(outcomes) > 1 and Outcome.INCONCLUSIVE in outcomes
            for _, outcomes in self._versions(other)
        )
        return mixed or len(self.probes) != len(other.probes)

    def _versions(self, other: "_Shown") -> list[tuple[str, set[Outcome]]]:
        theirs = {probe.version: probe.outcome for probe in other.probes}
        return [
            (probe.version, {probe.outcome, theirs[probe.version]})
            for probe in self.probes
            if probe.version in theirs
        ]

    @property
    def record(self) -> str:
        """What was seen, for evidence."""
        spoken = [probe.version for probe in self.probes if probe.outcome is Outcome.ACCEPTED]
        if self.presented is None:
            return "no certificate"
        leaf = self.presented.leaf
        until = f"{leaf.not_after:%Y-%m-%d}"
        return f"{leaf.subject} until {until}, SHA-256 {leaf.sha256}; {', '.join(spoken)}"


def _alike(here: _Shown, there: Sequence[_Shown], more: Sequence[Unseen]) -> Verdict:
    seen = [each for each in there if each.failure is None]
    unlike = {each.address: found for each in seen if (found := here.unlike(each))}
    unseen = [
        *((each.address, each.failure) for each in there if each.failure),
        *((each.address, _UNASKED) for each in seen if here.unsettled(each)),
        *more,
    ]
    evidence = [Evidence(source=each.address, record=each.record) for each in (here, *seen)]
    evidence += map(_note, unseen)
    if unlike:
        what = ", ".join(dict.fromkeys(item for found in unlike.values() for item in found))
        names = ", ".join(unlike)
        verdict = failed(
            "differs", *evidence, fix="align", addresses=names, what=what, first=here.address
        )
    elif unseen:
        verdict = _unknown("unseen", unseen, evidence)
    else:
        verdict = passed("ok", *evidence, count=len(there) + 1)
    observed = "; ".join(f"{address}: {', '.join(found)}" for address, found in unlike.items())
    return replace(verdict, observed=observed or f"{len(seen) + 1} seen", expected="all alike")
