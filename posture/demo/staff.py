"""The people of the demo office and how they sign in to Microsoft 365."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from posture.demo.faults import Fault
from posture.demo.graph_model import Group, Role, TenantModel, User, policy
from posture.demo.names import MAIN

NAMES = (
    *("ada.molar", "ben.premolar", "cleo.canine", "dan.incisor", "eva.enamel", "finn.dentin"),
    *("gina.pulp", "hugo.crown", "iris.bridge", "jack.brace", "kim.floss", "leo.inlay"),
    *("mia.onlay", "noah.veneer", "olga.plaque", "paul.gumm", "rosa.root", "sam.sealant"),
    *("tina.tartar", "ugo.uvula", "vera.varnish", "will.wisdom", "yara.bite"),
)
EMERGENCY = f"emergency@{MAIN}"
SECRET_FILE = "graph-secret"  # noqa: S105 - the name of a file
ORIGIN = "https://graph.demo.example"
ADMINS = 2
NEEDLESS_ADMINS = 6
LATE = 3
TABLETS = "Treatment room tablets"


def tenant(faults: AbstractSet[Fault]) -> TenantModel:
    """What Microsoft Graph knows of the office."""
    unready = NAMES[-LATE:] if Fault.REGISTRATION_GAP in faults else ()
    people = [User(upn=f"{name}@{MAIN}", capable=name not in unready) for name in NAMES]
    admins = people[: NEEDLESS_ADMINS if Fault.ADMINS_MANY in faults else ADMINS]
    everyone = policy("Second factor for everyone", users=_users(faults))
    emergency = User(upn=EMERGENCY, name="Emergency access")
    holders = [*(person.upn for person in admins), EMERGENCY]
    return TenantModel(
        users=(*people, emergency),
        groups=(_tablets(),),
        roles=tuple(Role(role="Global Administrator", holder=upn) for upn in holders),
        policies=(everyone,),
        licence="p1",
    )


def _tablets() -> Group:
    return Group(name=TABLETS, members=tuple(f"{name}@{MAIN}" for name in NAMES[10:12]))


def _users(faults: AbstractSet[Fault]) -> dict[str, list[str]]:
    left_out = [_tablets().id] if Fault.MFA_GAP in faults else []
    return {
        "includeUsers": ["All"],
        "excludeUsers": [User(upn=EMERGENCY).id],
        "excludeGroups": left_out,
    }


def declared(known: TenantModel) -> Mapping[str, Any]:
    """The tenant's table in client.toml."""
    return {
        "provider": "entra",
        "name": "Smile Dental",
        "tenant_id": known.tenant_id,
        "client_id": known.client_id,
        "secret": {"file": SECRET_FILE},
        "base_url": ORIGIN,
        "login_url": ORIGIN,
        "break_glass": [EMERGENCY],
    }
