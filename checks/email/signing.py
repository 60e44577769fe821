"""DKIM: whether the domain's mail is signed, and whether the keys are any good."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from posture.model import (
    Domain,
    Evidence,
    Failed,
    Reason,
    Status,
    Verdict,
    check,
    failed,
    not_applicable,
    params,
    passed,
    unknown,
)

from . import spf as sender
from .dkim import DkimKey, ParseError, parse, withdraw_all
from .facts import DkimDiscovery, DkimSelector, DkimTree, Mx, SpfDiscovery

SHARE = 0.5
"""What a key of medium length is worth."""


@params
class Strength:
    """How long an RSA key must be, in bits."""

    bits: int
    floor: int
    """Receivers must not accept shorter ones (RFC 8301 §3.2: 1024)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A selector and the key it holds; None where the record cannot be read as one."""

    at: DkimSelector
    key: DkimKey | None
    why: str = ""
    """What is wrong with a record that cannot be read."""

    @property
    def name(self) -> str:
        return f"{self.at.selector} ({self.at.provider})" if self.at.provider else self.at.selector


@check("email.dkim.present")
def present(
    domain: Domain, dkim: DkimDiscovery, mx: Mx | Failed, spf: SpfDiscovery | Failed
) -> Verdict:
    """The domain publishes a DKIM key, so its mail can be signed."""
    if domain.sends_mail is False:
        return not_applicable("parked", domain=domain.name)
    if names := [found.name for found in _found(dkim) if _live(found)]:
        verdict = passed("ok", *_evidence(dkim), keys=_few(names))
        return replace(verdict, observed=f"key at {_few(names)}", expected=_EXPECTED)
    if domain.sends_mail is None and _is_closed(mx, spf):
        return not_applicable("closed", *_evidence(dkim), domain=domain.name)
    if dkim.unseen or dkim.tree is not DkimTree.MISSING:
        return _hidden(dkim)
    return replace(_none(domain, dkim, mx, spf), observed="no key", expected=_EXPECTED)


_EXPECTED = "a DKIM key"


def _none(
    domain: Domain, dkim: DkimDiscovery, mx: Mx | Failed, spf: SpfDiscovery | Failed
) -> Verdict:
    """Judge a domain that is proven to have no key, by whether it sends mail at all."""
    if domain.sends_mail or _sends(mx, spf):
        return failed("none", *_evidence(dkim), fix=_fix(mx), domain=domain.name)
    return unknown("not_said", *_evidence(dkim), reason=Reason.NOT_DECLARED, domain=domain.name)


def _sends(mx: Mx | Failed, spf: SpfDiscovery | Failed) -> bool:
    """Whether the domain both takes mail and lets somebody send: few do one without the other."""
    takes = isinstance(mx, Mx) and any(host.host for host in mx.hosts)
    return takes and isinstance(spf, SpfDiscovery) and _lets_somebody(spf)


def _lets_somebody(spf: SpfDiscovery) -> bool:
    return any(
        term.qualifier == "+" and term.name != "all"
        for text in spf.records
        if not sender.faults(text)
        for term in sender.parse(text).mechanisms
    )


def _is_closed(mx: Mx | Failed, spf: SpfDiscovery | Failed) -> bool:
    """Whether the domain says that no mail comes from it (RFC 7505, RFC 7208 §10.1.2)."""
    if isinstance(mx, Mx) and mx.null:
        return True
    return isinstance(spf, SpfDiscovery) and [
        " ".join(text.lower().split()) for text in spf.records
    ] == ["v=spf1 -all"]


def _fix(mx: Mx | Failed) -> str:
    """Choose the steps of the service that takes the domain's mail."""
    hosts = [host.host for host in mx.hosts] if isinstance(mx, Mx) else []
    for fix, endings in _STEPS.items():
        if any(host.endswith(endings) for host in hosts):
            return fix
    return "publish"


_STEPS = {
    "microsoft": (".mail.protection.outlook.com", ".mx.microsoft"),
    "google": (".google.com", ".googlemail.com"),
}


@check("email.dkim.strength")
def strength(domain: Domain, dkim: DkimDiscovery, params: Strength) -> Verdict:
    """The DKIM keys that were found are too long to be broken."""
    live = [(found, key) for found in _found(dkim) if (key := _live(found)) and key.known]
    rsa = [(key.bits, found) for found, key in live if key.kind == "rsa"]
    if not live:
        return _nothing(domain, dkim)
    if not rsa:  # Ed25519 has one length, and it is enough
        verdict = passed(
            "ok_ed25519", *_evidence(dkim), keys=_few([found.name for found, _ in live])
        )
        return replace(verdict, observed="Ed25519", expected=f"RSA {params.bits} bits or Ed25519")
    bits, worst = min(rsa, key=lambda pair: pair[0])
    verdict = _sized(bits, worst, dkim, params)
    return replace(
        verdict,
        observed=f"{bits} bits at {worst.name}",
        expected=f"RSA {params.bits} bits or Ed25519",
        values={
            "key": worst.name,
            "selector": worst.at.selector,
            "domain": domain.name,
            "bits": bits,
            "wanted": params.bits,
        },
    )


def _sized(bits: int, worst: Found, dkim: DkimDiscovery, params: Strength) -> Verdict:
    """Judge the shortest key: whoever breaks it can sign in the domain's name."""
    evidence = _evidence(dkim)
    if bits >= params.bits:
        return passed("ok", *evidence)
    fix = "ask" if worst.at.chain else "replace"
    if bits < params.floor:
        return failed("broken", *evidence, fix=fix)
    verdict = failed("short", *evidence, fix=fix)
    return replace(verdict, status=Status.PARTIAL, share=SHARE)


def _nothing(domain: Domain, dkim: DkimDiscovery) -> Verdict:
    """Say why there is no key to judge."""
    missing = dkim.tree is DkimTree.MISSING and not dkim.unseen
    locked = domain.sends_mail is None and withdraw_all(dkim.wildcard)
    if domain.sends_mail is False or missing or locked:
        return not_applicable("no_key", *_evidence(dkim), domain=domain.name)
    return _hidden(dkim)


def _hidden(dkim: DkimDiscovery) -> Verdict:
    """Say that there may be keys elsewhere: a selector can be any word."""
    evidence = _evidence(dkim)
    if dkim.unseen:
        first = dkim.unseen[0]
        reason = first.reason or Reason.INCONCLUSIVE
        name = f"{first.selector}._domainkey.{dkim.domain}"
        return unknown("unseen", *evidence, reason=reason, name=name)
    says = "hidden" if dkim.tree is DkimTree.PRESENT else "unclear"
    return unknown(says, *evidence, reason=Reason.INCONCLUSIVE, count=len(dkim.asked))


@check("email.dkim.usable")
def usable(domain: Domain, dkim: DkimDiscovery) -> Verdict:
    """Receivers can use every DKIM key that was found."""
    found = _found(dkim)
    expected = "one readable key for rsa-sha256 or ed25519, no t=y"
    for says, is_so in _PROBLEMS.items():
        for each in found:
            if is_so(each):
                return replace(_problem(says, each, dkim), expected=expected)
    if lost := _dangling(dkim, found):
        return replace(_lost(lost, dkim), expected=expected)
    names = [each.name for each in found if _live(each)]
    if not names:
        return _nothing(domain, dkim)
    verdict = passed("ok", *_evidence(dkim), keys=_few(names))
    return replace(verdict, observed=_few(names), expected=expected)


def _problem(says: str, found: Found, dkim: DkimDiscovery) -> Verdict:
    key = found.key
    own = "retag" if says in _TAGS else "correct"
    verdict = failed(
        says,
        *_evidence(dkim),
        fix="ask" if found.at.chain else own,
        key=found.name,
        name=f"{found.at.selector}._domainkey.{dkim.domain}",
        why=found.why,
        kind=key.kind if key else "",
        hashes=":".join(key.hashes) if key else "",
        services=":".join(key.services) if key else "",
        granularity=key.granularity if key else "",
        record=_retagged(found.at.texts[0]),
    )
    return replace(verdict, observed=f"{says} at {found.name}")


_TAGS = {"sha1", "services", "testing", "limited"}
"""Problems of a sound key: a tag beside it is in the way."""


def _retagged(text: str) -> str:
    """Write a key record without the tags that keep receivers from using the key."""
    pieces = []
    for piece in text.split(";"):
        name, _, value = (part.strip() for part in piece.partition("="))
        flags = [flag for flag in value.split(":") if flag.strip().lower() != "y"]
        if name == "t" and flags:
            pieces.append(f"t={':'.join(flags)}")
        elif name and name not in {"g", "h", "s", "t"}:
            pieces.append(piece.strip())
    return "; ".join(pieces)


def _lost(lost: DkimSelector, dkim: DkimDiscovery) -> Verdict:
    name = f"{lost.selector}._domainkey.{dkim.domain}"
    named = {"name": name, "alias": lost.chain[0], "target": lost.chain[-1]}
    verdict = failed("dangling", *_evidence(dkim), fix="restore", **named)
    return replace(verdict, observed=f"no key behind {name}")


def _live(found: Found) -> DkimKey | None:
    return found.key if found.key and not found.key.revoked else None


_PROBLEMS: Mapping[str, Callable[[Found], bool]] = {
    "unreadable": lambda found: found.key is None,
    "several": lambda found: len(found.at.texts) > 1,
    "kind": lambda found: (key := _live(found)) is not None and not key.known,
    "sha1": lambda found: (key := _live(found)) is not None and not key.sha256,
    "services": lambda found: (key := _live(found)) is not None and not key.for_mail,
    "testing": lambda found: (key := _live(found)) is not None and key.testing,
    "limited": lambda found: (key := _live(found)) is not None and key.granularity != "*",
}
"""What can be wrong with a record, the worst first."""


def _dangling(dkim: DkimDiscovery, found: Sequence[Found]) -> DkimSelector | None:
    """Find a CNAME to no key whose service has none under another selector either.

    A service keeps a second selector for its next key, which may not be there yet.
    """
    alive = {_service(each.at) for each in found if each.at.chain and _live(each)}
    lost = (at for at in dkim.selectors if at.chain and not at.texts and not at.reason)
    return next((at for at in lost if _service(at) not in alive), None)


def _service(at: DkimSelector) -> str:
    return at.provider or ".".join(at.chain[-1].split(".")[-2:])


def _found(dkim: DkimDiscovery) -> list[Found]:
    return [_read(at, text) for at in dkim.selectors for text in at.texts]


def _read(at: DkimSelector, text: str) -> Found:
    try:
        return Found(at, parse(text))
    except ParseError as error:
        return Found(at, None, str(error))


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _evidence(dkim: DkimDiscovery) -> tuple[Evidence, ...]:
    """Quote what was found, else what was tried."""
    found = tuple(
        Evidence(
            source=f"TXT {at.selector}._domainkey.{dkim.domain}",
            record=_quoted(at),
        )
        for at in dkim.selectors[:10]
    )
    tried = f"TXT _domainkey.{dkim.domain} and beneath it: {', '.join(dkim.asked)}"
    return found or (Evidence(source=tried, record=_TREE[dkim.tree]),)


def _quoted(at: DkimSelector) -> str:
    if at.reason:
        return f"not seen: {at.reason}"
    way = "".join(f"→ {alias} " for alias in at.chain)
    return way + (" | ".join(at.texts) or "no such record")


_TREE = {
    DkimTree.MISSING: "no such name",
    DkimTree.PRESENT: "_domainkey exists, none of these beneath it",
    DkimTree.UNCLEAR: "made-up names answer too, none of these is a key",
}
