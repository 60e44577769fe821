"""The DMARC reports that receivers mailed about the demo office's main domain."""

import gzip
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from pathlib import Path

from posture.demo.faults import Fault
from posture.demo.names import MAIN, NEWSLETTERS

FOLDER = "dmarc-reports"
_OWN, _SERVICE, _FORGER = "203.0.113.10", "203.0.113.200", "198.51.100.66"


def write(folder: Path, now: datetime, faults: AbstractSet[Fault]) -> None:
    """Write two receivers' reports of the last three weeks below ``folder``."""
    folder.mkdir()
    aligned = Fault.SENDER_UNALIGNED not in faults
    for number, receiver in enumerate(("mailbox.demo.example", "webmail.demo.example")):
        begin = int((now - timedelta(days=21 - number)).timestamp())
        end = int((now - timedelta(days=1)).timestamp())
        rows = (
            _row(_OWN, 240, MAIN, passes=True),
            _row(_SERVICE, 60, MAIN if aligned else NEWSLETTERS, passes=aligned),
            _row(_FORGER, 7, "", passes=False),
        )
        name = f"{receiver}!{MAIN}!{begin}!{end}.xml.gz"
        report = _report(receiver, f"{begin}.{number}", (begin, end), rows)
        (folder / name).write_bytes(gzip.compress(report.encode(), mtime=0))


def _report(receiver: str, name: str, period: tuple[int, int], rows: tuple[str, ...]) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">
<report_metadata><org_name>{receiver}</org_name><email>dmarc@{receiver}</email>
<report_id>{name}</report_id>
<date_range><begin>{period[0]}</begin><end>{period[1]}</end></date_range></report_metadata>
<policy_published><domain>{MAIN}</domain><discovery_method>treewalk</discovery_method>
<p>reject</p></policy_published>
{"".join(rows)}</feedback>
"""


def _row(address: str, count: int, signer: str, *, passes: bool) -> str:
    result = "pass" if passes else "fail"
    signature = (
        f"<dkim><domain>{signer}</domain><selector>demo</selector><result>pass</result></dkim>"
    )
    return f"""<record><row><source_ip>{address}</source_ip><count>{count}</count>
<policy_evaluated><disposition>{"pass" if passes else "reject"}</disposition>
<dkim>{result}</dkim><spf>fail</spf></policy_evaluated></row>
<identifiers><header_from>{MAIN}</header_from></identifiers>
<auth_results>{signature if signer else ""}</auth_results></record>
"""
