"""The files that the owner of the demo office would have written: client, waivers, attestations."""

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from typing import Any

from posture.demo import backups, names, registry, reports
from posture.demo.faults import Fault

OWNER = "Dr. Ada Molar"
NETWORK = "192.0.2.8/29"
MACHINES = {
    "192.0.2.9": "router",
    "192.0.2.10": "practice server",
    "192.0.2.11": "reception computer",
    "192.0.2.12": "X-ray computer",
}
"""The machines the owner thought of; the scan finds the rest of the network."""
SOFTWARE = {"name": "practice software", "product": "DentPro 12", "critical": True}


def client(
    now: datetime,
    *,
    resolver: str,
    sites: Iterable[str],
    tenant: Mapping[str, Any],
    connect: Mapping[str, str],
) -> str:
    """Return client.toml."""
    day = now.date()
    network = {"resolver": resolver, "ca_file": "ca.pem", "vantage": "inside"}
    return _document(
        "The demo office: a dental practice that exists only while this program runs.",
        _table("[company]", {"id": "smile-dental", "name": "Smile Dental Ltd"}),
        _table("[authorisation]", _authorisation(day)),
        _table("[network]", network),
        _table("[network.connect]", connect),
        *(_table("[[domains]]", _sending(name)) for name in names.SENDING),
        _table("[[domains]]", _domain(names.PARKED, sends_mail=False)),
        *(_table("[[sites]]", {"host": host, "owned": True}) for host in sites),
        _table(
            "[[networks]]", {"cidr": NETWORK, "view": "internal", "owned": True, "site": "practice"}
        ),
        *(
            _table(
                "[[hosts]]", {"address": address, "view": "internal", "owned": True, "name": name}
            )
            for address, name in MACHINES.items()
        ),
        _table("[[tenants]]", tenant),
        *(_table("[[backups]]", _backup(name, where)) for name, where in backups.SETS.items()),
        _table("[[systems]]", SOFTWARE),
    )


def _sending(name: str) -> dict[str, Any]:
    folder = {"reports": reports.FOLDER} if name == names.MAIN else {}
    return {**_domain(name, sends_mail=True), **folder}


def _domain(name: str, *, sends_mail: bool) -> dict[str, Any]:
    return {"name": name, "sends_mail": sends_mail, "rdap": registry.BASE, "owned": True}


def _authorisation(day: date) -> dict[str, Any]:
    return {
        "by": OWNER,
        "role": "owner",
        "covers": ["domains", "hosts", "tenants", "backups"],
        "valid_from": day - timedelta(days=1),
        "valid_until": day + timedelta(days=7),
        "active_tests": True,
    }


def _backup(name: str, where: str) -> dict[str, Any]:
    # The file server is copied at the weekend too, by hand: two days are what it may lose.
    hours = 48 if name == "file server" else 24
    return {
        "name": name,
        "source": "files",
        "location": f"backups/{where}",
        "rpo_hours": hours,
        "system": name,
    }


def attestations(now: datetime, faults: AbstractSet[Fault]) -> str:
    """Return attestations.toml: what the owner signed."""
    day = now.date()
    answers = [
        _answer("governance.edr.deployed", "no" if Fault.EDR_MISSING in faults else "yes", day),
        _answer("governance.restore.tested", "yes", day),
        _answer("governance.incident.plan", "yes", day),
    ]
    if Fault.RESTORE_EXPIRED in faults:
        answers[1] |= {
            "signed_on": day - timedelta(days=340),
            "expires_on": day - timedelta(days=20),
        }
    if Fault.INCIDENT_UNANSWERED in faults:
        del answers[2]
    return _document(
        "What only people can say.", *(_table("[[attestations]]", answer) for answer in answers)
    )


def _answer(question: str, answer: str, day: date) -> dict[str, Any]:
    return {
        "question": question,
        "answer": answer,
        "signed_by": OWNER,
        "role": "owner",
        "signed_on": day - timedelta(days=30),
        "expires_on": day + timedelta(days=150),
    }


def waivers(now: datetime) -> str:
    """Return waivers.toml: one risk the owner accepts for a while."""
    day = now.date()
    return _document(
        "Risks the practice accepted, by whom and until when.",
        _table(
            "[[waivers]]",
            {
                "check": "network.exposure.admin",
                "subject": "host:192.0.2.9",
                "reason": "A new router is ordered; until it is here only staff use this network.",
                "approved_by": OWNER,
                "approved_on": day - timedelta(days=10),
                "expires": day + timedelta(days=80),
            },
        ),
    )


def _document(about: str, *tables: str) -> str:
    return "\n".join([f"# {about}\n", *tables])


def _table(header: str, values: Mapping[str, Any]) -> str:
    lines = [f"{_key(key)} = {_value(value)}" for key, value in values.items()]
    return "\n".join([header, *lines, ""])


def _key(key: str) -> str:
    return key if key.isidentifier() else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    # Strings, numbers, booleans and lists of strings are written alike in JSON and TOML.
    return json.dumps(value)
