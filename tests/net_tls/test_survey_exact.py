"""Whatever a server supports and however it fails: found exactly, or said not to be settled."""

import asyncio
import os
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from posture.net.tls import iana
from posture.net.tls.asker import Budget
from posture.net.tls.interview import survey
from posture.net.tls.questions import CURVES, GROUPS
from posture.net.tls.survey import Order, Survey
from posture.net.tls.versions import Outcome
from posture.net.tls.wire import Version
from tests.net_tls.simulated import P256, Simulated

SERVERS = 1_000 if os.environ.get("POSTURE_PROOF") == "1" else 25
AMPLE = Budget(connections=5_000, parallel=8)
MANNERS = ("alert", "alert", "close", "reset", "47", "80")
POPULAR = (
    *(0xC02F, 0xC030, 0xC02B, 0xC02C, 0xCCA8, 0xCCA9, 0xC013, 0xC014, 0xC009, 0xC00A),
    *(0x009C, 0x009D, 0x002F, 0x0035, 0x000A, 0x009E, 0x009F, 0x0033, 0x0039, 0x1301, 0x1302),
)


def several(random: Random, items: tuple[int, ...], most: int) -> tuple[int, ...]:
    return tuple(random.sample(items, random.randint(1, min(most, len(items)))))


def some_suites(random: Random, version: Version) -> tuple[int, ...]:
    every = iana.of_version(version)
    popular = tuple(suite for suite in POPULAR if suite in every) or every
    return several(random, random.choice((popular, popular, every)), random.choice((3, 12, 80)))


def any_server(seed: int) -> Simulated:
    """A random set of versions, suites, groups and preferences, that refuses in a random way."""
    random = Random(seed)
    versions = random.sample(list(Version), random.randint(1, 5))
    suites = {version: some_suites(random, version) for version in versions}
    if random.random() < 0.5 and Version.TLS12 in suites:  # as most do: one list for all versions
        for version in suites.keys() - {Version.TLS13, Version.TLS12}:
            kept = [s for s in suites[Version.TLS12] if s in iana.of_version(version)]
            suites[version] = tuple(kept) or suites[version]
    return Simulated(
        suites=suites,
        groups=several(random, GROUPS, 8),
        curves=(P256, *several(random, CURVES[2:], 6)),
        server_order=random.random() < 0.5,
        refusal=random.choice(MANNERS),
    )


def surveyed(server: Simulated, *, rank: bool = False) -> Survey:
    async def scenario() -> Survey:
        return await survey(server.dial, name="www.example.com", rank=rank, budget=AMPLE)

    return asyncio.run(scenario())


def assert_never_wrong(server: Simulated, seen: Survey) -> None:
    """No false yes, no false no: of versions, suites, groups and orders."""
    for version in Version:
        truth, found = server.negotiable(version), seen.versions[version.label]
        assert set(found.suites) <= truth
        assert truth <= {*found.suites, *found.inconclusive} or (
            found.outcome is Outcome.INCONCLUSIVE and not found.inconclusive
        )
        assert bool(found.suites) == (found.outcome is Outcome.ACCEPTED)
        if found.order is not Order.INCONCLUSIVE:
            assert (found.order is Order.SERVER) == server.server_order
    for label, groups in seen.groups.items():
        supported = server.groups if label == "TLS 1.3" else server.curves
        assert set(groups.accepted) <= {*supported, server.favourite}
        if server.favourite is None:
            assert set(supported) <= {*groups.accepted, *groups.inconclusive}
    assert server.connections == seen.connections
    assert server.longest <= 127


def assert_exact(server: Simulated, seen: Survey) -> None:
    """And nothing left open but what the server itself dies on."""
    assert_never_wrong(server, seen)
    if not any(server.negotiable(version) for version in Version):
        return  # who never says yes is not believed when he says no
    for version in Version:
        assert set(seen.versions[version.label].inconclusive) <= server.dies_on
        if server.negotiable(version):
            assert seen.versions[version.label].outcome is Outcome.ACCEPTED
    assert not seen.degraded
    if server.negotiable(Version.TLS13):
        assert set(seen.groups["TLS 1.3"].accepted) == set(server.groups)
        assert not seen.groups["TLS 1.3"].inconclusive


seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=SERVERS)
@given(seeds)
def test_any_server_is_found_exactly(seed: int) -> None:
    server = any_server(seed)
    assert_exact(server, surveyed(server))


@settings(max_examples=SERVERS)
@given(seeds, st.sampled_from(["close", "internal error", "half-way"]))
@example(1073, "close")  # a version of which nothing works stands before an older one that does
@example(1291, "internal error")
def test_a_suite_that_kills_the_server_hides_no_other(seed: int, dies_by: str) -> None:
    server = any_server(seed)
    random = Random(seed)
    victim = random.choice(server.suites[random.choice(list(server.suites))])
    server.dies_on, server.dies_by = frozenset({victim}), dies_by
    assert_exact(server, surveyed(server))


@settings(max_examples=SERVERS)
@given(seeds, st.sampled_from(["close", "internal error", "half-way"]))
@example(1144, "close")
def test_a_key_exchange_that_kills_the_server_hides_no_other(seed: int, dies_by: str) -> None:
    server = any_server(seed)
    random = Random(seed)
    method = iana.key_exchange(random.choice(server.suites[random.choice(list(server.suites))]))
    dying = {s for suites in server.suites.values() for s in suites}
    server.dies_on = frozenset(s for s in dying if iana.key_exchange(s) == method)
    server.dies_by = dies_by
    assert_exact(server, surveyed(server))


@settings(max_examples=SERVERS)
@given(seeds, st.sampled_from(["close", "internal error"]))
def test_a_limit_of_127_suites_in_a_hello_is_never_met(seed: int, dies_by: str) -> None:
    server = any_server(seed)
    server.limit, server.dies_by = 127, dies_by
    assert_exact(server, surveyed(server))


@settings(max_examples=SERVERS)
@given(seeds, st.sampled_from(GROUPS))
def test_a_group_chosen_unasked_is_never_taken_for_an_answer(seed: int, favourite: int) -> None:
    server = any_server(seed)
    server.favourite = favourite
    assert_never_wrong(server, surveyed(server))


@settings(max_examples=SERVERS * 2)
@given(
    seeds,
    st.integers(1, 150),
    st.sampled_from(["close", "silence", "refuse", "reset", "alert"]),
)
def test_being_shut_out_half_way_turns_no_yes_into_a_no(
    seed: int, patience: int, throttle: str
) -> None:
    server = any_server(seed)
    server.patience, server.throttle = patience, throttle
    seen = surveyed(server)
    assert_never_wrong(server, seen)
    if throttle != "alert" and seen.accepted:  # an alert is an answer; and hanging up may be one
        assert server.connections <= patience + 40


@settings(max_examples=SERVERS)
@given(seeds)
def test_the_order_of_a_server_that_has_one_is_found(seed: int) -> None:
    server = any_server(seed)
    seen = surveyed(server, rank=True)
    assert_exact(server, seen)
    for version in Version:
        found = seen.versions[version.label]
        usable = tuple(s for s in server.suites.get(version, ()) if s in found.suites)
        if found.order is Order.SERVER and version in sorted(server.suites)[-2:]:
            assert found.suites == usable


@settings(max_examples=SERVERS)
@given(seeds)
def test_groups_stay_open_where_a_server_asks_for_no_share(seed: int) -> None:
    server = any_server(seed)
    server.retries = False
    server.groups = (0x001D, *(group for group in server.groups if group != 0x001D))
    assert_never_wrong(server, surveyed(server))


@pytest.mark.parametrize("newest", [Version.TLS12, Version.TLS13])
@pytest.mark.parametrize("gap", [Version.TLS11, Version.TLS10])
def test_a_version_that_is_off_hides_no_older_one(gap: Version, newest: Version) -> None:
    """GnuTLS answers so: by the alert for the version, not by choosing the next older one."""
    suites = {newest: iana.of_version(newest)[:3], Version.SSL3: (0x000A,)}
    suites |= {v: (0x000A,) for v in (Version.TLS11, Version.TLS10) if v is not gap}
    server = Simulated(suites=suites, stays_up=True)
    assert_exact(server, surveyed(server))
