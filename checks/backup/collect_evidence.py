"""Gathers the restore points of one backup set, whichever program made them."""

from posture.model import BackupSet, Clock, CollectError, Reason, collector
from posture.net import Net
from posture.net.threads import in_thread
from posture.secrets import Secrets

from . import collect_files, restic
from .facts import BackupEvidence, Completeness
from .points import thinned

RESTIC_SECONDS = 110.0
MAX_LISTING = 64 << 20
"""Bytes; some 150,000 snapshots."""


@collector(
    traffic="{name}: the list of restore points is read ({source}), nothing is written",
    needs=("restic, for restic repositories",),
    deadline=120,
)
async def evidence(backup: BackupSet, net: Net, secrets: Secrets, clock: Clock) -> BackupEvidence:
    """See the restore points of a backup set.

    Raises CollectError: NOT_DECLARED for a source nobody here can read, and those of the source.
    """
    if backup.source == "files":
        return await in_thread(collect_files.read, backup.location, clock.now())
    if backup.source == "restic":
        return await _restic(backup, net, secrets, clock)
    raise CollectError(Reason.NOT_DECLARED, f"there is no reader for source {backup.source!r}")


async def _restic(backup: BackupSet, net: Net, secrets: Secrets, clock: Clock) -> BackupEvidence:
    """Let restic list its snapshots, without a lock and without a cache, so without a trace."""
    repository = restic.checked_repository(backup.location)
    if backup.password is None:
        raise CollectError(Reason.NO_CREDENTIAL, "no password is declared for the repository")
    env = {
        "RESTIC_REPOSITORY": repository,
        "RESTIC_PASSWORD": secrets.get(backup.password).reveal(),
    }
    done = await net.run(restic.ARGV, env=env, deadline=RESTIC_SECONDS, max_output=MAX_LISTING)
    if done.returncode:
        raise restic.failure(done.returncode, done.stderr)
    try:
        points = restic.parse(done.stdout)
    except restic.ParseError as error:
        raise CollectError(Reason.MALFORMED, str(error)) from error
    return BackupEvidence(
        provider="restic",
        completeness=Completeness.NOT_KEPT,
        points=thinned(points, clock.now()),
        points_total=len(points),
    )
