"""The policy that comes with posture is whole, and every id in it has a title."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files

import pytest

from posture import plugins, policy_file
from posture.client_template import json_schema
from posture.plugins import Registry
from posture.policy import Policy, Where, built_in, load_policy, mapping
from posture.policy_file import AREAS, PolicyFile


@pytest.fixture(scope="module")
def installed() -> Registry:
    return plugins.load(third_party=False)


@pytest.fixture(scope="module")
def baseline(installed: Registry) -> Policy:
    return load_policy("smb-baseline", installed)


def test_the_baseline_has_a_rule_for_every_built_in_check(
    baseline: Policy, installed: Registry
) -> None:
    assert set(baseline.rules) == set(installed.checks)


def test_the_baseline_scores_all_seven_areas(baseline: Policy) -> None:
    assert set(baseline.area_weights) == set(AREAS)
    assert {rule.score_area for rule in baseline.rules.values()} == set(AREAS)
    assert sum(baseline.area_weights.values()) == 100


def test_the_profiles_of_the_baseline(baseline: Policy) -> None:
    assert baseline.default_profile == "full"
    for name, places in {
        "domain": {Where.OUTSIDE},
        "external": {Where.OUTSIDE, Where.SCAN},
        "standard": set(Where) - {Where.LAN},
    }.items():
        chosen = baseline.rules_of(name)
        assert {c for c, rule in baseline.rules.items() if places & set(rule.where)} == set(chosen)
        assert chosen
    assert baseline.rules_of("full") == baseline.rules_of("onsite") == baseline.rules


def mapped(policy: Policy) -> Iterator[tuple[str, str, str]]:
    for rule in policy.rules.values():
        for framework, ids in rule.maps.items():
            for each in ids:
                yield rule.check, framework, each


def test_every_mapped_id_has_a_title(baseline: Policy) -> None:
    for rule, framework, each in mapped(baseline):
        if framework == "baseline":
            assert re.fullmatch(r"(NET|DNS|EML|TLS|WEB|IDN|BCK|GOV)-[A-Z]+-\d\d", each), rule
        else:
            assert each in mapping(framework), (rule, framework, each)


def test_every_rule_feeds_something(baseline: Policy) -> None:
    fed = {rule for rule, _, _ in mapped(baseline)}
    assert fed == set(baseline.rules)


@pytest.mark.parametrize("framework", ["cis", "csf", "cpg", "ce", "ins"])
def test_titles_are_short_and_plain(framework: str) -> None:
    titles = mapping(framework)
    assert titles
    assert len(set(titles.values())) == len(titles)
    for title in titles.values():
        assert 3 <= len(title) <= 80
        assert title == title.strip()


def test_frameworks_without_titles() -> None:
    assert mapping("acme") == {}
    assert mapping("../smb-baseline") == {}


def test_built_in_names() -> None:
    assert "smb-baseline" in built_in()
    for name in built_in():
        assert files(policy_file.PACKAGE).joinpath(f"{name}.toml").is_file()


def test_the_schema_of_a_policy() -> None:
    schema = json_schema(PolicyFile)
    json.dumps(schema)
    assert schema["$defs"]["RuleTable"]["additionalProperties"] is False
