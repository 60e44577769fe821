"""Finding hosts and ports: nothing is looked at from the wrong side, and silence is no absence."""

from collections.abc import Mapping

import pytest

from posture.checks.network import collect_sweep
from posture.checks.network.facts import AliveHosts, PortScan
from posture.checks.network.ports import CURATED, DISCOVERY
from posture.model import CollectError, Failed, Host, Network, Reason, View
from posture.net import PortState
from posture.testing import FakeNet, observe

OPEN, CLOSED, SILENT = PortState.OPEN, PortState.CLOSED, PortState.SILENT
LAN = Network(cidr="192.0.2.0/29", view=View.INTERNAL, owned=True, site="Leeds")
WRONG = ["-oN x", "--script=/x.nse", "$(id)", "192.0.2.7\n10.0.0.1", "", "example.com", "0x7f.1"]


def net(
    ports: Mapping[tuple[str, int], PortState | Reason] | None = None,
    vantage: View | None = None,
) -> FakeNet:
    made = FakeNet(ports=ports)
    made.vantage = vantage
    return made


def every(address: str, state: PortState | Reason) -> dict[tuple[str, int], PortState | Reason]:
    return {(address, port): state for port in CURATED}


def test_open_and_refused_are_alive() -> None:
    world = net({("192.0.2.3", 22): OPEN, ("192.0.2.5", 9100): CLOSED})
    assert observe(collect_sweep.sweep, LAN, world) == AliveHosts(
        addresses=("192.0.2.3", "192.0.2.5"), tried=6
    )


def test_a_port_is_tried_everywhere_before_the_next_and_the_living_are_left_in_peace() -> None:
    world = net({("192.0.2.3", 443): OPEN})
    observe(collect_sweep.sweep, LAN, world)
    assert [port for _, port in world.probed[:6]] == [443] * 6
    assert [port for address, port in world.probed if address == "192.0.2.3"] == [443]
    assert [port for address, port in world.probed if address == "192.0.2.4"] == list(DISCOVERY)


def test_an_address_that_cannot_be_reached_is_not_alive() -> None:
    world = net({**every("192.0.2.3", Reason.UNREACHABLE), ("192.0.2.4", 80): OPEN})
    assert observe(collect_sweep.sweep, LAN, world).addresses == ("192.0.2.4",)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (SILENT, Reason.TIMEOUT),
        (Reason.UNREACHABLE, Reason.UNREACHABLE),
        (Reason.OUT_OF_SCOPE, Reason.OUT_OF_SCOPE),
    ],
)
def test_when_nobody_answers_nothing_is_known(state: PortState | Reason, reason: Reason) -> None:
    ports = {key: value for n in range(1, 7) for key, value in every(f"192.0.2.{n}", state).items()}
    seen = observe(collect_sweep.sweep, LAN, net(ports))
    assert isinstance(seen, Failed)
    assert seen.reason is reason
    assert "none of the 6 addresses answered" in seen.detail


def test_a_scan_that_breaks_is_broken_as_a_whole() -> None:
    seen = observe(collect_sweep.sweep, LAN, net({("192.0.2.4", 443): Reason.INCONCLUSIVE}))
    assert isinstance(seen, Failed)
    assert seen.reason is Reason.INCONCLUSIVE


@pytest.mark.parametrize(
    ("cidr", "reason"),
    [
        ("10.0.0.0/0", Reason.MALFORMED),  # host bits are set
        ("0.0.0.0/0", Reason.TOO_LARGE),
        ("10.0.0.0/19", Reason.TOO_LARGE),
        ("2001:db8::/64", Reason.TOO_LARGE),
        *((text, Reason.MALFORMED) for text in WRONG),
    ],
)
def test_what_is_too_wide_or_no_range_is_refused_before_any_connection(
    cidr: str, reason: Reason
) -> None:
    world = net()
    seen = observe(collect_sweep.sweep, Network(cidr=cidr, view=View.INTERNAL), world)
    assert isinstance(seen, Failed)
    assert seen.reason is reason
    assert world.probed == []


@pytest.mark.parametrize(
    ("cidr", "count"),
    [("10.0.0.0/20", 4094), ("10.0.0.0/31", 2), ("10.0.0.1/32", 1), ("2001:db8::/116", 4095)],
)
def test_members_are_the_addresses_a_host_may_have(cidr: str, count: int) -> None:
    assert len(collect_sweep.members(cidr)) == count


@pytest.mark.parametrize(
    ("view", "vantage", "looks"),
    [
        (View.INTERNAL, None, True),
        (View.INTERNAL, View.INTERNAL, True),
        (View.EXTERNAL, View.EXTERNAL, True),
        (View.EXTERNAL, None, False),
        (View.EXTERNAL, View.INTERNAL, False),
        (View.INTERNAL, View.EXTERNAL, False),
    ],
)
def test_nothing_is_concluded_from_the_wrong_side(
    view: View, vantage: View | None, looks: bool
) -> None:
    world = net({("192.0.2.3", 443): OPEN}, vantage)
    subjects = (
        (collect_sweep.sweep, Network(cidr="192.0.2.3/32", view=view)),
        (collect_sweep.ports, Host(address="192.0.2.3", view=view)),
    )
    for collector, subject in subjects:
        seen = observe(collector, subject, world)
        assert isinstance(seen, Failed) is not looks
        assert looks or seen.reason is Reason.WRONG_VANTAGE
    assert bool(world.probed) is looks


def test_hosts_inherit_from_their_network() -> None:
    found = collect_sweep.hosts(LAN, AliveHosts(addresses=("192.0.2.3",), tried=6))
    assert found == [Host(address="192.0.2.3", view=View.INTERNAL, owned=True, site="Leeds")]


def test_every_curated_port_is_sorted_by_its_answer() -> None:
    world = net(
        {
            ("192.0.2.3", 22): OPEN,
            ("192.0.2.3", 80): CLOSED,
            ("192.0.2.3", 443): Reason.UNREACHABLE,
            ("192.0.2.3", 445): Reason.OUT_OF_SCOPE,
        }
    )
    seen = observe(collect_sweep.ports, Host(address="192.0.2.3", view=View.INTERNAL), world)
    silent = tuple(port for port in CURATED if port not in {22, 80, 445})
    assert seen == PortScan(open=(22,), closed=(80,), silent=silent)
    assert seen.host_alive
    assert sorted(port for _, port in world.probed[: len(CURATED)]) == list(CURATED)
    assert world.probed[len(CURATED) :] == [("192.0.2.3", 22)]


class Guarded(FakeNet):
    """A firewall that drops everything of a scanner it has seen often enough."""

    async def probe(self, address: str, port: int) -> PortState:
        state = await super().probe(address, port)
        return SILENT if len(self.probed) > 30 else state


def test_a_host_that_shuts_the_scan_out_is_not_taken_for_a_closed_one() -> None:
    ports = {("192.0.2.3", 22): OPEN, ("192.0.2.3", 3389): OPEN}
    world = Guarded(ports=ports)
    world.vantage = None
    seen = observe(collect_sweep.ports, Host(address="192.0.2.3", view=View.INTERNAL), world)
    assert (seen.open, seen.blocked) == ((22,), True)
    assert 3389 in seen.silent


def test_a_host_without_silent_ports_is_not_asked_again() -> None:
    world = net(every("192.0.2.3", CLOSED))
    seen = observe(collect_sweep.ports, Host(address="192.0.2.3", view=View.INTERNAL), world)
    assert not seen.blocked
    assert len(world.probed) == len(CURATED)


def test_silence_everywhere_is_a_fact_of_its_own() -> None:
    seen = observe(collect_sweep.ports, Host(address="192.0.2.3", view=View.INTERNAL), net())
    assert seen == PortScan(open=(), closed=(), silent=CURATED)
    assert not seen.host_alive


@pytest.mark.parametrize("reason", [Reason.UNREACHABLE, Reason.OUT_OF_SCOPE])
def test_a_host_no_port_of_which_could_be_tried(reason: Reason) -> None:
    world = net(every("192.0.2.3", reason))
    seen = observe(collect_sweep.ports, Host(address="192.0.2.3", view=View.INTERNAL), world)
    assert isinstance(seen, Failed)
    assert seen.reason is reason


@pytest.mark.parametrize("address", [*WRONG, "192.0.2.0/24", "fe80::1%eth0", "fe80::1%-oN x"])
def test_what_is_no_address_is_refused_before_any_connection(address: str) -> None:
    world = net()
    seen = observe(collect_sweep.ports, Host(address=address, view=View.INTERNAL), world)
    assert isinstance(seen, Failed)
    assert seen.reason is Reason.MALFORMED
    assert world.probed == []


def test_an_address_is_written_in_one_way() -> None:
    assert str(collect_sweep.checked_address("2001:DB8:0::1")) == "2001:db8::1"
    with pytest.raises(CollectError, match="is not an IP address"):
        collect_sweep.checked_address("::1\n")
