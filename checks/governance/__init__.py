"""What only people can say: attestations signed by a named person."""

from posture.model import Area

from . import collect_attestations, endpoint, incident, restore

AREA = Area(
    name="governance",
    title="Rules and people",
    package=__name__,
    collectors=(collect_attestations.attestations,),
    checks=(endpoint.deployed, incident.plan, restore.tested),
)
