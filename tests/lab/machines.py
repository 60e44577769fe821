"""The lab's office network: a database server by Redis and a server with OpenSSH."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.daemons import Daemon, accepts, done, greets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.daemons import Loopback

NETWORK = "192.0.2.40/30"
DATABASE, SHELL = "192.0.2.41", "192.0.2.42"
REDIS = 6379
SSHD = 20022


def connect(place: Loopback) -> Iterator[tuple[str, str]]:
    """Where the scan finds the two services; every other port of the network is closed."""
    yield f"{DATABASE}:{REDIS}", f"{database(place)}:{REDIS}"
    yield f"{SHELL}:22", f"{_shell(place)}:{SSHD}"
    for address in (DATABASE, SHELL):
        yield f"{address}:*", place.refusal


def database(place: Loopback) -> str:
    """Where Redis really is."""
    return place.address(41)


def _shell(place: Loopback) -> str:
    return place.address(42)


def daemons(folder: Path, place: Loopback) -> list[Daemon]:
    """Write the configurations and say what to run."""
    key = folder / "host_key"
    done("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # as the package does when it boots
    config = folder / "sshd_config"
    config.write_text(f"ListenAddress {_shell(place)}:{SSHD}\nHostKey {key}\nPidFile none\n")
    redis = ["redis-server", "--bind", database(place), "--port", str(REDIS)]
    return [
        Daemon(
            argv=["sshd", "-D", "-e", "-f", str(config)],
            answers=greets(_shell(place), SSHD, b"SSH-2.0-OpenSSH"),
            log=folder / "sshd.log",
        ),
        Daemon(
            argv=[*redis, "--protected-mode", "no", "--save", "", "--dir", str(folder)],
            answers=accepts(database(place), REDIS),
            log=folder / "redis.log",
        ),
    ]
