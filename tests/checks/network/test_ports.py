"""The port table."""

from posture.checks.network import ports


def test_the_table_is_curated() -> None:
    assert len(ports.CURATED) == 65
    assert list(ports.CURATED) == sorted(set(ports.CURATED))
    assert all(0 < port < 65536 for port in ports.CURATED)
    # The usual thousand of other scanners miss these two.
    assert {6379, 27017} <= set(ports.CURATED)


def test_whatever_prints_or_moves_is_connect_only() -> None:
    assert {515, 631, 9999, *range(9100, 9117)} <= ports.CONNECT_ONLY
    assert {102, 502, 4840, 20000, 44818} <= ports.CONNECT_ONLY
    assert {22, 80, 443, 3389}.isdisjoint(ports.CONNECT_ONLY)


def test_discovery_asks_only_curated_ports() -> None:
    assert len(set(ports.DISCOVERY)) == 6
    assert set(ports.DISCOVERY) <= set(ports.CURATED)


def test_a_port_describes_itself() -> None:
    assert ports.describe(3389) == "3389/tcp, Remote Desktop (RDP)"
    assert ports.describe(9999) == "9999/tcp"
    assert ports.listed(ports.of_kind("smb")) == "139, 445"
