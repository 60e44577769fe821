"""Real servers of known configuration: what is found is what was configured, no more, no less."""

import asyncio
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from posture.net.tls import iana
from posture.net.tls.interview import survey
from posture.net.tls.starttls_protocols import PROTOCOLS, past
from posture.net.tls.survey import Survey
from posture.net.tls.versions import Outcome
from tests.lab.daemons import Loopback, Started
from tests.net_tls.lab.keys import HOST, Keys
from tests.net_tls.lab.real import PORT, Known, Real, Site
from tests.net_tls.lab.servers import SERVERS
from tests.net_tls.lab.truth import VERSIONS
from tests.net_tls.servers import dial

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="some of them start for root only"),
]


@pytest.fixture(scope="module")
def place() -> Iterator[Loopback]:
    place = Loopback()
    yield place
    place.close()


@pytest.fixture(scope="module")
def keys() -> Iterator[Keys]:
    with folder() as found:
        yield Keys.made(found)


@contextmanager
def folder() -> Iterator[Path]:
    """Some servers give up root, then have to find their files: pytest's own folder is private.

    So is whatever is made after a test that ran the command, which makes its files private.
    """
    before = os.umask(0o022)
    try:
        with tempfile.TemporaryDirectory() as name:
            found = Path(name)
            found.chmod(0o755)
            yield found
    finally:
        os.umask(before)


def free_port() -> int:
    with socket.create_server(("", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port


def surveyed(real: Real, site: Site) -> Survey:
    opens = dial(site.port, site.address)
    if real.starttls:
        opens = past(PROTOCOLS[real.starttls], opens, HOST)
    return asyncio.run(survey(opens, name=HOST, alpn=("h2", "http/1.1")))


def unlike(known: Known, seen: Survey, keys: Keys) -> list[str]:
    """Every difference, in words."""
    found = [*_versions(known, seen), *_groups(known, seen)]
    chains = {chain.certificates: chain.kind for chain in seen.chains}
    if chains.keys() != {getattr(keys, name).der for name in known.chains}:
        found.append(f"chains: {chains.values()}, not {known.chains}, or other certificates")
    if seen.facts.client_certificate is not known.asks:
        found.append(f"asks for a certificate: {seen.facts.client_certificate}")
    if seen.degraded or seen.detail:
        found.append(f"degraded or stopped: {seen.detail}")
    return found


def _versions(known: Known, seen: Survey) -> Iterator[str]:
    for version in VERSIONS:
        one, wanted = seen.versions[version], known.suites.get(version, frozenset())
        if one.outcome is not (Outcome.ACCEPTED if wanted else Outcome.REFUSED):
            yield f"{version}: {one.outcome}, {one.detail}"
        for word, suites in (
            ("missing", wanted - {*one.suites}),
            ("made up", {*one.suites} - wanted),
            ("unsettled", {*one.inconclusive}),
        ):
            if suites:
                yield f"{version} {word}: {sorted(map(iana.suite_name, suites))}"


def _groups(known: Known, seen: Survey) -> Iterator[str]:
    older = [version for version in seen.groups if version != "TLS 1.3"]
    for versions, wanted in ((["TLS 1.3"], known.groups), (older, known.curves)):
        groups = {group for version in versions for group in _named(seen, version)}
        if groups != (wanted or set()):
            yield f"groups of {versions}: {sorted(groups)}, not {sorted(wanted or ())}"


def _named(seen: Survey, version: str) -> set[str]:
    settled = seen.groups.get(version)
    return {iana.group_name(group) for group in settled.accepted} if settled else set()


@pytest.mark.parametrize("number", range(len(SERVERS)), ids=[real.name for real in SERVERS])
def test_what_was_configured_is_found(number: int, place: Loopback, keys: Keys) -> None:
    real = SERVERS[number]
    if obstacle := real.obstacle():
        pytest.skip(obstacle)
    with folder() as own:
        port = free_port() if real.everywhere else PORT
        site = Site(folder=own, address=place.address(100 + number), keys=keys, port=port)
        with Started(real.daemon(site)) as started:
            started.wait()
            seen = surveyed(real, site)
    assert unlike(real.known(), seen, keys) == []
    assert seen.connections <= real.limit
