"""The checks of known flaws of TLS. What was not settled is never called safe."""

from collections.abc import Mapping
from dataclasses import replace

from posture.model import Evidence, Reason, Verdict, check, failed, not_applicable, passed, unknown

from .flaw_facts import Flaw, Shows, WebFlaws


@check("tls.web.patched")
def patched(found: WebFlaws) -> Verdict:
    """The web server's TLS software has no hole that reads its memory or its traffic."""
    return _judged(found, {"Heartbleed": found.heartbleed, "CCS injection": found.injection})


@check("tls.web.sealed")
def sealed(found: WebFlaws) -> Verdict:
    """The web server allows no connection whose encryption can be undone bit by bit."""
    return _judged(found, {"POODLE": found.poodle, "CRIME": found.crime})


def _judged(found: WebFlaws, tested: Mapping[str, Flaw]) -> Verdict:
    there = [name for name, flaw in tested.items() if flaw.shows is Shows.FLAW]
    unsettled = [name for name, flaw in tested.items() if flaw.shows is Shows.UNSETTLED]
    if found.provider:
        verdict = not_applicable("provider", provider=found.provider)
    elif there:
        verdict = failed("found", fix="close", names=" and ".join(there))
    elif unsettled:
        names = " and ".join(unsettled)
        verdict = unknown("unsettled", reason=Reason.INCONCLUSIVE, names=names)
    else:
        verdict = passed("ok")
    return replace(
        verdict,
        evidence=tuple(_evidence(found, name, flaw) for name, flaw in tested.items()),
        observed=", ".join(there) or "none seen",
        expected="none",
    )


def _evidence(found: WebFlaws, name: str, flaw: Flaw) -> Evidence:
    return Evidence(source=f"{name}, {found.host} port {found.port}", record=flaw.heard)
