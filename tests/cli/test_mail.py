"""``posture probe mail``: facts, findings and the plan for one domain."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from posture.cli import mail
from posture.client import load_client
from posture.demo import names
from tests.cli.conftest import Run


@pytest.fixture
def options(office: Path) -> list[str]:
    return ["--resolver", load_client(office).network.resolver]


@pytest.fixture
def silent() -> Iterator[str]:
    """A resolver that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{sock.getsockname()[1]}"


def looked(run: Run, options: list[str], domain: str) -> dict[str, Any]:
    code, out, err = run("probe", "mail", domain, "--json", *options)
    assert (code in {1, 3}, err) == (True, "")
    found: dict[str, Any] = json.loads(out)
    return found


def test_facts_findings_and_the_plan_are_one_document(run: Run, options: list[str]) -> None:
    found = looked(run, options, names.MAIN.upper())
    assert found["subject"] == f"domain:{names.MAIN}"
    assert {"email.spf", "email.dmarc", "dns.caa"} <= found["facts"].keys()
    areas = {one["check"].partition(".")[0] for one in found["findings"]}
    assert areas == {"dns", "email"}
    failing = {one["check"] for one in found["findings"] if one["status"] in {"fail", "partial"}}
    assert {step["check"] for step in found["plan"]} == failing
    assert "email.dmarc.enforced" in failing


def test_what_goes_by_steps_comes_last(run: Run, options: list[str]) -> None:
    steps = looked(run, options, names.MAIN)["plan"]
    last = steps[-1]
    assert last["check"] == "email.dmarc.enforced"
    assert [record["step"] for record in last["records"]] == [1, 2, 3]
    for record in last["records"]:
        assert f'{record["name"]}. TXT "{record["value"]}"' in last["fix"]
    assert len(steps) > 1
    assert {record["step"] for step in steps[:-1] for record in step["records"]} <= {0}


def test_the_terminal_shows_the_same_in_sections(run: Run, options: list[str]) -> None:
    found = looked(run, options, names.MAIN)
    code, out, err = run("probe", "mail", names.MAIN, *options)
    assert (code in {1, 3}, err) == (True, "")
    lines = out.splitlines()
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert headings[0] == names.MAIN
    assert [h for h in headings if h != "Could not be told"] == [
        names.MAIN, "What was seen", "Not in order", "In order", "Plan",
    ]  # fmt: skip
    assert f"  {len(found['plan'])}. {found['plan'][-1]['action']}" in lines
    for step in found["plan"]:
        assert all(f"     {line}".rstrip() in out for line in step["fix"].splitlines())
    seen = lines[lines.index("What was seen") + 1 : lines.index("Not in order")]
    assert len(seen) == len(set(seen))


def test_a_domain_in_order_has_nothing_to_do(
    run: Run, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "plan", lambda made: [])
    _, out, _ = run("probe", "mail", names.MAIN, *options)
    assert out.endswith("\nPlan\n  Nothing to do.\n")


@pytest.mark.parametrize(
    "target", ["not a domain", "", "-x", "10.0.0.1", "a..b", "com", "https://a.example/", "a_b\x1b"]
)
def test_what_is_no_domain_is_refused(run: Run, target: str) -> None:
    code, out, err = run("probe", "mail", "--json", "--", target)
    assert (code, out) == (2, "")
    assert err
    assert "\x1b" not in err


@pytest.mark.parametrize("resolver", ["nowhere", "127.0.0.1:99999", "127.0.0.1:", "::1:x"])
def test_a_resolver_that_is_none_is_refused(run: Run, resolver: str) -> None:
    code, out, err = run("probe", "mail", "a.example", "--resolver", resolver)
    assert (code, out, "--resolver" in err) == (2, "", True)


def test_words_of_other_probes_are_refused(run: Run) -> None:
    code, out, err = run("probe", "mail", "a.example", "--ip", "192.0.2.1")
    assert (code, out) == (2, "")
    assert "mail takes no" in err


def test_without_an_answer_nothing_is_claimed(run: Run, silent: str) -> None:
    limit = ("--resolver", silent, "--timeout", "1")
    code, out, _ = run("probe", "mail", "a.example", "--json", *limit)
    assert code == 3
    found = json.loads(out)
    assert {one["status"] for one in found["findings"]} <= {"unknown", "not_applicable"}
    assert found["plan"] == []
    assert "failed" in found["facts"]["dns.caa"]
