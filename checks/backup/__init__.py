"""Backup: whether what the business needs could be restored."""

from posture.model import Area

from . import collect_evidence, restore_points, runs

AREA = Area(
    name="backup",
    title="Backup",
    package=__name__,
    collectors=(collect_evidence.evidence,),
    checks=(
        restore_points.fresh,
        restore_points.depth,
        restore_points.clock,
        runs.succeeded,
    ),
)
