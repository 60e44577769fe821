"""Reports as receivers write them."""

from typing import Any

from posture.checks.email.report_facts import SendingSource

NEW = "urn:ietf:params:xml:ns:dmarc-2.0"
BEGIN, END = 1794000000, 1794086400


def row(
    *,
    count: object = 3,
    source: str = "192.0.2.7",
    dkim: str = "pass",
    spf: str = "fail",
    header_from: str = "example.com",
    signed: tuple[tuple[str, str, str], ...] = (("example.com", "s1", "pass"),),
    sent: tuple[str, str] | None = None,
    reason: str = "",
) -> str:
    """One record; ``signed`` are domain, selector and result, ``sent`` SPF domain and result."""
    signatures = "".join(
        f"<dkim><domain>{domain}</domain><selector>{selector}</selector>"
        f"<result>{result}</result></dkim>"
        for domain, selector, result in signed
    )
    envelope = f"<spf><domain>{sent[0]}</domain><result>{sent[1]}</result></spf>" if sent else ""
    why = f"<reason><type>{reason}</type><comment>x</comment></reason>" if reason else ""
    return (
        f"<record><row><source_ip>{source}</source_ip><count>{count}</count><policy_evaluated>"
        f"<disposition>none</disposition><dkim>{dkim}</dkim><spf>{spf}</spf>{why}"
        "</policy_evaluated></row>"
        f"<identifiers><header_from>{header_from}</header_from></identifiers>"
        f"<auth_results>{signatures}{envelope}</auth_results></record>"
    )


def report(
    *rows: str,
    name: str = "1@receiver.example",
    organization: str = "Receiver",
    domain: str = "example.com",
    period: tuple[object, object] = (BEGIN, END),
    namespace: str = "",
    encoding: str = "UTF-8",
) -> bytes:
    """One aggregate report."""
    opening = f'<feedback xmlns="{namespace}">' if namespace else "<feedback>"
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>{opening}<report_metadata>'
        f"<org_name>{organization}</org_name><report_id>{name}</report_id>"
        f"<date_range><begin>{period[0]}</begin><end>{period[1]}</end></date_range>"
        f"</report_metadata><policy_published><domain>{domain}</domain><p>none</p>"
        f"</policy_published>{''.join(rows)}</feedback>"
    )
    return text.encode(encoding)


TLS: dict[str, Any] = {
    "organization-name": "Receiver",
    "date-range": {
        "start-datetime": "2026-11-06T00:00:00Z",
        "end-datetime": "2026-11-06T23:59:59Z",
    },
    "report-id": "tls-1",
    "policies": [
        {
            "policy": {"policy-type": "sts", "policy-domain": "Example.com"},
            "summary": {
                "total-successful-session-count": 90,
                "total-failure-session-count": 10,
            },
            "failure-details": [
                {"result-type": "certificate-expired", "failed-session-count": 7},
            ],
        }
    ],
}


def source(domain: str, messages: int, aligned: int, *selectors: str, **more: int) -> SendingSource:
    """What was added up of one sender."""
    return SendingSource(
        domain=domain,
        messages=messages,
        aligned=aligned,
        selectors=selectors,
        networks=more.get("networks", 1),
        receivers=more.get("receivers", 1),
        by_spf=more.get("by_spf", 0),
    )
