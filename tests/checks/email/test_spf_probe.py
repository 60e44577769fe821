import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from posture import codec
from posture.checks.email.collect_spf_probe import PROBE
from posture.model import Probed
from posture.testing import FakeNet
from tests.checks.email.world import Zones

ZONES: Zones = {
    "example.com": {"TXT": ["v=spf1 a:gone.example include:a.example exp=e.example -all"]},
    "a.example": {"TXT": ["v=spf1 ip4:192.0.2.0/24 exists:%{l}.%{o}.users.example ~all"]},
    "e.example": {"TXT": ["%{i} may not send for %{d}"]},
    "bob.example.net.users.example": {"A": ["127.0.0.2"]},
    "slow.example": {"TXT": "TIMEOUT"},
}


def look(target: str, options: Mapping[str, str]) -> Probed:
    made = PROBE.look(PROBE.subject(target), FakeNet(ZONES), options)
    return asyncio.run(made)  # type: ignore[arg-type]


def document(target: str, **options: str) -> dict[str, Any]:
    found = look(target, {name.replace("_", "-"): value for name, value in options.items()})
    decoded: dict[str, Any] = json.loads(codec.encode(dict(found.document)))
    return decoded


def test_a_pass() -> None:
    found = document("Example.com.", ip="192.0.2.1")
    assert (found["result"], found["explanation"], found["problem"]) == ("pass", "", "")
    assert (found["lookups"], found["void_lookups"]) == (2, 1)
    assert (found["mail_from"], found["helo"]) == ("postmaster@example.com", "example.com")
    first, second = found["trace"]["steps"]
    assert (first["term"], first["outcome"], first["void"]) == ("a:gone.example", "no match", True)
    assert first["asked"] == [{"name": "gone.example", "rdtype": "A", "records": 0, "reason": None}]
    assert second["check"]["steps"][0]["outcome"] == "match"


def test_a_fail_with_its_explanation() -> None:
    found = document("example.com", ip="2001:db8::1", helo="mx.example.net")
    assert found["result"] == "fail"
    expanded = ".".join("20010DB8000000000000000000000001")
    assert found["explanation"] == f"{expanded} may not send for example.com"
    assert (found["lookups"], found["void_lookups"]) == (3, 2)


def test_the_domain_and_the_sender_can_differ() -> None:
    found = document("example.com", ip="203.0.113.1", mail_from="bob@example.net")
    assert (found["result"], found["domain"]) == ("pass", "example.com")


def test_no_answer_and_no_record() -> None:
    found = document("slow.example", ip="192.0.2.1")
    assert (found["result"], found["problem"]) == ("temperror", "slow.example: timeout")
    assert document("none.example", ip="192.0.2.1")["result"] == "none"


def test_the_lines_show_the_tree() -> None:
    fail = look("example.com", {"ip": "203.0.113.1"})
    assert fail.lines == (
        "fail: 203.0.113.1 as postmaster@example.com, HELO example.com",
        "the domain's explanation: 203.0.113.1 may not send for example.com",
        "3 lookups of 10, 2 empty of 2",
        "example.com: v=spf1 a:gone.example include:a.example exp=e.example -all",
        "  a:gone.example: no match, empty answer",
        "  include:a.example: no match",
        "    a.example: v=spf1 ip4:192.0.2.0/24 exists:%{l}.%{o}.users.example ~all",
        "      ip4:192.0.2.0/24: no match",
        "      exists:%{l}.%{o}.users.example: no match, empty answer",
        "      ~all: match",
        "  -all: match",
    )
    slow = look("slow.example", {"ip": "192.0.2.1"})
    assert slow.lines[1:] == (
        "problem: slow.example: timeout",
        "0 lookups of 10, 0 empty of 2",
        "slow.example: temperror",
    )
    none = look("none.example", {"ip": "192.0.2.1"})
    assert none.lines[-1] == "none.example: no SPF record"


def test_an_address_is_needed() -> None:
    with pytest.raises(ValueError, match=r"--ip is missing"):
        look("example.com", {})
    with pytest.raises(ValueError, match=r"--ip 'mx.example.com' is not an IP address"):
        look("example.com", {"ip": "mx.example.com"})
