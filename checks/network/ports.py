"""The curated ports and what usually listens there."""

import tomllib
from collections.abc import Iterable
from importlib.resources import files

from posture.model import record


@record
class Service:
    """One entry of the port table."""

    number: int
    """TCP port."""
    name: str
    """What usually listens there, in words."""
    kind: str
    """Class of the service: ``remote-desktop``, ``database``, ``printer`` and so on."""


def _load() -> dict[int, Service]:
    text = files(__package__).joinpath("ports.toml").read_text(encoding="utf-8")
    return {
        int(number): Service(number=int(number), name=name, kind=kind)
        for kind, services in tomllib.loads(text).items()
        for number, name in services.items()
    }


SERVICES = _load()
"""The whole table, by port."""

CURATED = tuple(sorted(SERVICES))
"""The ports an exposure scan tries, ascending."""

DISCOVERY = (443, 80, 22, 445, 3389, 9100)
"""An answer on one of these, a refusal too, proves that an address is in use.

The computers, network devices and printers of a small office answer on at least one of them
unless a firewall drops everything.
"""

CONNECT_ONLY = frozenset(
    {515, 631, 9999, *range(9100, 9117)}
    | {service.number for service in SERVICES.values() if service.kind in {"printer", "ot"}}
)
"""Never sent a byte: a printer prints whatever arrives, a controller may stop its machine."""


def of_kind(kind: str) -> tuple[int, ...]:
    """The curated ports of one class, ascending."""
    return tuple(port for port in CURATED if SERVICES[port].kind == kind)


def describe(port: int) -> str:
    """Number and usual service, e.g. ``3389/tcp, Remote Desktop (RDP)``."""
    service = SERVICES.get(port)
    return f"{port}/tcp, {service.name}" if service else f"{port}/tcp"


def listed(ports: Iterable[int]) -> str:
    """Port numbers for a sentence: ``139, 445``."""
    return ", ".join(str(port) for port in ports)
