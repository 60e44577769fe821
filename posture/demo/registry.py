"""The registry of the demo office's domains: it says of each when it ends, over RDAP (RFC 9083)."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

from posture.demo import names
from posture.demo.conversation import Conversation, listening
from posture.demo.faults import Fault

HOST = "rdap.demo.example"
BASE = f"https://{HOST}/"
REGISTRAR = "Demo Names Ltd"
_LOCK = "client transfer prohibited"
_TYPE = "application/rdap+json"


def entries(now: datetime, faults: AbstractSet[Fault]) -> dict[str, dict[str, Any]]:
    """What the registry knows, by name."""
    ending = names.RECALL if Fault.REGISTRATION_ENDING in faults else ""
    unlocked = names.LAB if Fault.REGISTRATION_UNLOCKED in faults else ""
    return {
        name: _entry(
            name,
            now + timedelta(days=12 if name == ending else 400, hours=1),
            "active" if name == unlocked else _LOCK,
        )
        for name in (*names.SENDING, names.PARKED)
    }


def _entry(name: str, end: datetime, status: str) -> dict[str, Any]:
    began = end.replace(year=end.year - 9, day=1)
    return {
        "rdapConformance": ["rdap_level_0", "icann_rdap_response_profile_1"],
        "objectClassName": "domain",
        "ldhName": name.upper(),
        "status": [status],
        "events": [
            {"eventAction": "registration", "eventDate": _time(began)},
            {"eventAction": "expiration", "eventDate": _time(end)},
        ],
        "entities": [_entity("registrant", "Ada Molar"), _entity("registrar", REGISTRAR)],
        "secureDNS": {"delegationSigned": True},
    }


def _entity(role: str, name: str) -> dict[str, Any]:
    card = ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", name]]]
    return {"objectClassName": "entity", "roles": [role], "vcardArray": card}


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def serve(
    known: Mapping[str, dict[str, Any]], context: ssl.SSLContext
) -> AbstractAsyncContextManager[int]:
    """Answer on a free loopback port, which is returned, over TLS."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Conversation(reader, writer)
        await peer.secure(context)
        words = (await peer.readline()).decode("latin-1").split()
        while (await peer.readline()).strip():
            pass
        if len(words) == 3:
            await peer.send(_reply(known.get(words[1].removeprefix("/domain/"))))

    return listening(answer)


def _reply(entry: dict[str, Any] | None) -> bytes:
    status = "200 OK" if entry else "404 Not Found"
    body = json.dumps(entry or {"errorCode": 404, "title": "no such domain"}).encode()
    head = (
        f"HTTP/1.1 {status}",
        f"Content-Type: {_TYPE}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join([*head, "", ""]).encode() + body
