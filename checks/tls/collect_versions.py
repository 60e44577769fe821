"""Asks a server for each version of TLS."""

from posture.net.tls.exchange import Dial
from posture.net.tls.versions import probe_versions

from .facts import Outcome, VersionProbe


async def probed(dial: Dial, host: str) -> tuple[VersionProbe, ...]:
    """Return what the prober heard, as facts."""
    return tuple(
        VersionProbe(version=seen.version, outcome=Outcome(seen.outcome), detail=seen.detail)
        for seen in await probe_versions(dial, host)
    )
