"""Domains with DKIM keys as a resolver would show them, and what the collector makes of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from posture.checks.dns import collect_dns
from posture.checks.email import collect_dkim, collect_mx, collect_spf
from posture.checks.email.report_facts import ReportTotals
from posture.model import Failed
from posture.testing import FakeClock, FakeNet, FakeResolver, observe
from tests.checks.email.dkim_keys import RSA_2048
from tests.checks.email.world import DOMAIN, NAME, Zones

KEY = f"v=DKIM1; k=rsa; p={RSA_2048}"
BASE = f"_domainkey.{NAME}"
MADE_UP = f"{collect_dkim._word(NAME)}.{BASE}"


class WildResolver(FakeResolver):
    """Gives every name beneath a suffix that is not in the zones the same records."""

    def __init__(self, zones: Zones, beneath: str, wildcard: Mapping[str, Sequence[str]]) -> None:
        super().__init__(zones)
        self._named, self._beneath, self._wildcard = set(zones), beneath, wildcard

    async def query(self, name: str, rdtype: str) -> Any:
        if name.endswith(f".{self._beneath}") and name not in self._named:
            self._zones[name] = self._wildcard
        return await super().query(name, rdtype)


class DenyingResolver(FakeResolver):
    """Denies names that only have names beneath them, against RFC 8020."""

    def _exists(self, name: str) -> bool:
        return name in self._zones


def keys(*texts: str, **selectors: str) -> dict[str, Mapping[str, Sequence[str] | str]]:
    """A zone with an SPF record of its own and keys, ``->x`` for a CNAME, words for failures."""
    zones: dict[str, Mapping[str, Sequence[str] | str]] = {NAME: {"TXT": list(texts)}}
    for selector, text in selectors.items():
        if text.startswith("->"):
            node: Mapping[str, Sequence[str] | str] = {"CNAME": [text[2:]]}
        else:
            node = {"TXT": text if text in {"TIMEOUT", "SERVFAIL"} else [text]}
        zones[f"{selector}.{BASE}"] = node
    return zones


NO_FOLDER = ReportTotals(domain=NAME, declared=False)


def seen(zones: Zones | FakeResolver, totals: ReportTotals = NO_FOLDER) -> Any:
    """The DKIM fact, or Failed."""
    return explored(zones, totals)[0]


def explored(
    zones: Zones | FakeResolver, totals: ReportTotals = NO_FOLDER
) -> tuple[Any, FakeResolver]:
    """The DKIM fact, and the resolver with the questions for it alone."""
    resolver = zones if isinstance(zones, FakeResolver) else FakeResolver(zones)
    net = FakeNet(resolver)
    texts = observe(collect_dns.texts, DOMAIN, net)
    mx = observe(collect_mx.mx, DOMAIN, net)
    resolver.asked.clear()
    return observe(collect_dkim.dkim, DOMAIN, mx, texts, totals, net, FakeClock()), resolver


def routes(zones: Zones | FakeResolver) -> tuple[Any, Any]:
    """The MX and SPF facts, or Failed."""
    net = FakeNet(zones)
    texts = observe(collect_dns.texts, DOMAIN, net)
    mx = observe(collect_mx.mx, DOMAIN, net)
    if isinstance(texts, Failed):
        return mx, texts
    return mx, observe(collect_spf.spf, DOMAIN, texts, net)
