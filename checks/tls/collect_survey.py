"""Surveys the TLS of servers that are the company's own to configure."""

import ipaddress
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

from posture.model import CollectError, MailServer, Reason, WebSite, collector
from posture.net import Net
from posture.net.tls import iana
from posture.net.tls.asker import Budget
from posture.net.tls.exchange import Dial
from posture.net.tls.interview import survey
from posture.net.tls.starttls import smtp_dial
from posture.net.tls.survey import Facts, Settled, Spoken, Survey, VersionSurvey

from .facts import Outcome, StartTls
from .providers import provider_of
from .survey_facts import (
    DiffieHellman,
    Features,
    MailSurvey,
    Options,
    Order,
    Surveyed,
    SurveyedGroups,
    SurveyedVersion,
    WebSurvey,
)

BUDGET = Budget(connections=300, parallel=6)
MAIL_BUDGET = Budget(connections=300, parallel=2)
"""Mail servers count connections, and answer a crowd with 421."""
MAX_TEXT = 500


@collector(
    traffic="the first message of a TLS handshake, 40 to 300 times, to {host}, port {port}; "
    "nothing when it is a large provider's",
    deadline=240,
)
async def web(site: WebSite, net: Net) -> WebSurvey:
    """Find out which versions, suites and groups the site accepts."""
    if provider := await owner(net, site.host):
        return WebSurvey(surveyed=None, provider=provider)
    dial = partial(net.connect, site.host, site.port)
    return WebSurvey(surveyed=await surveyed(dial, site.host, BUDGET), provider="")


@collector(
    traffic="STARTTLS and the first message of a TLS handshake, 40 to 300 times, to {host}, "
    "port {port}; nothing when it is a large provider's",
    deadline=480,
)
async def mail(server: MailServer, starttls: StartTls, net: Net) -> MailSurvey:
    """Find out which versions, suites and groups the mail server accepts after STARTTLS."""
    if not starttls.offered:
        if starttls.stripped:
            raise CollectError(Reason.INCONCLUSIVE, "STARTTLS is hidden by something on the way")
        return MailSurvey(surveyed=None, provider="")
    if provider := await owner(net, server.host):
        return MailSurvey(surveyed=None, provider=provider)
    dial = smtp_dial(partial(net.connect, server.host, server.port))
    return MailSurvey(surveyed=await surveyed(dial, server.host, MAIL_BUDGET), provider="")


async def owner(net: Net, host: str) -> str:
    """Return which provider's server it is, empty for nobody's; raises as the resolver does.

    Who cannot be told is not surveyed.
    """
    try:
        return provider_of((), (str(ipaddress.ip_address(host)),))
    except ValueError:
        pass
    if known := provider_of((host,), ()):
        return known
    answers = [await net.dns.query(host, kind) for kind in ("A", "AAAA")]
    names = [name for answer in answers for name in answer.chain]
    records = [record for answer in answers for record in getattr(answer, "records", ())]
    return provider_of(names, records)


async def surveyed(dial: Dial, host: str, budget: Budget) -> Surveyed:
    """Survey one server; CollectError when it does not speak TLS or was not reached."""
    found = await survey(dial, name=host, budget=budget)
    if found.spoken is not Spoken.TLS:
        raise CollectError(Reason.INCONCLUSIVE, found.detail[:MAX_TEXT] or "TLS is not spoken")
    return as_fact(found)


def as_fact(found: Survey) -> Surveyed:
    """Return a survey with names for numbers."""
    return Surveyed(
        host=found.name,
        address=found.address,
        versions=tuple(_version(label, seen) for label, seen in found.versions.items()),
        groups=tuple(
            SurveyedGroups(version=label, groups=_options(settled, iana.group_name))
            for label, settled in found.groups.items()
        ),
        signatures=_options(found.signatures, iana.signature_name),
        diffie_hellman=tuple(DiffieHellman(bits=dh.bits, standard=dh.standard) for dh in found.dh),
        features=_features(found.facts),
        connections=found.connections,
        stopped=found.detail[:MAX_TEXT],
        degraded=found.degraded,
    )


def _version(label: str, seen: VersionSurvey) -> SurveyedVersion:
    return SurveyedVersion(
        version=label,
        outcome=Outcome(seen.outcome),
        detail=seen.detail[:MAX_TEXT],
        suites=tuple(map(iana.suite_name, seen.suites)),
        inconclusive=tuple(map(iana.suite_name, seen.inconclusive)),
        dying=tuple(map(iana.suite_name, seen.dying)),
        order=Order(seen.order),
    )


def _options(found: Settled, name: Callable[[int], str]) -> Options:
    return Options(
        accepted=tuple(map(name, found.accepted)),
        inconclusive=tuple(map(name, found.inconclusive)),
    )


def _features(found: Facts) -> Features:
    shown = asdict(found)
    del shown["alpn"]  # none was offered
    return Features(**shown)
