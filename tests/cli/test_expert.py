import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from posture import plugins
from posture.cli import common
from posture.model import CollectError, Domain, Probe, Probed, Reason
from posture.net import Net
from posture.plugins import Registry
from tests.cli.conftest import Run


def name(text: str) -> Domain:
    if "." not in text:
        raise ValueError(f"{text!r} is no domain")
    return Domain(name=text)


async def look(domain: Domain, net: Net, options: Mapping[str, str]) -> Probed:
    assert net.subject == domain
    if options.get("ip") == "lost":
        raise CollectError(Reason.TIMEOUT, "told to")
    if options.get("ip") == "odd":
        raise ValueError("'odd' is no address")
    if options.get("ip") == "slow":
        raise TimeoutError
    document = {"name": domain.name, "options": dict(options)}
    return Probed(document=document, lines=(f"saw {domain.name}\x1b[31m",))


PROBE = Probe(name="toy", help="A toy.", subject=name, look=look, options={"ip": "an address"})


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    made = plugins.load()
    made.probes["toy"] = PROBE
    monkeypatch.setattr(common, "registry", lambda: made)
    return made


def test_a_probe_prints_lines_or_a_document(run: Run) -> None:
    code, out, err = run("probe", "toy", "a.example")
    assert (code, err) == (0, "")
    assert out.startswith("saw a.example")
    assert "\x1b" not in out
    code, out, _ = run("probe", "toy", "a.example", "--ip", "192.0.2.1", "--json")
    assert json.loads(out) == {"name": "a.example", "options": {"ip": "192.0.2.1"}}
    assert run("probe", "toy", "a.example", "--ip=192.0.2.1", "--json")[1] == out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["toy", "nothing"], 2, "is no domain"),
        (["toy", "a.example", "--pi", "x"], 2, "it takes --ip"),
        (["toy", "a.example", "x"], 2, "no option 'x'"),
        (["toy", "a.example", "--ip"], 2, "an address"),
        (["toy", "a.example", "--ip", "odd"], 2, "no address"),
        (["toy", "a.example", "--ip", "lost"], 3, "told to"),
        (["toy", "a.example", "--ip", "slow"], 3, "within 120 s"),
        (["email", "a.example", "--ip", "x"], 2, "takes no"),
        (["toi", "a.example"], 2, "toy"),
    ],
)
def test_what_a_probe_cannot_do_is_said(
    run: Run, arguments: list[str], code: int, says: str
) -> None:
    ended, out, err = run("probe", *arguments)
    assert (ended, out) == (code, "")
    assert says in err


def test_two_probes_of_one_name_are_refused() -> None:
    areas = plugins.load().areas
    twice = replace(areas["dns"], probes=(PROBE, PROBE))
    with pytest.raises(plugins.PluginError, match="two plugins bring the probe 'toy'"):
        plugins.build([(twice, "x")])
