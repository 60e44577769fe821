"""Writes a new client.toml with a comment at every choice, and the JSON Schema for editors."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from posture.client_file import ClientFile, Cover
from posture.sanitise import for_filename
from posture.tomlfile import Span

SCHEMA_FILE = "client.schema.json"
"""Name of the schema that the template's first line points to, beside the client file."""

_TEMPLATE = """\
#:schema ./{schema}
# What posture may look at for {title}, and who allowed it.
# Secrets never stand here: write where they are, {{ env = "NAME" }}, {{ file = "path" }},
# {{ keyring = "service/user" }} or {{ command = ["pass", "show", "name"] }}.

[company]
id = {id}           # never changes: the history hangs on it
name = {name}

[authorisation]
by = {by}           # the person who allowed this audit
role = {role}
covers = {covers}   # {all_covers}
{window}
# Tests beyond ordinary use, only on targets marked owned = true.
active_tests = false

# [network]
# resolver = "192.0.2.53"        # ask this DNS resolver instead of the system's
# ca_file = "ca.pem"             # trust these certificate authorities instead of the public ones
# vantage = "outside"            # or "inside": where this machine stands, seen from the firewall

[policy]
file = "smb-baseline"            # or a path, such as "my-policy.toml"
# profile = "full"               # external, standard, onsite or full

# Every domain the client owns, also those that only redirect or send no mail.
# reports = "dmarc-reports" names a folder with the DMARC reports that were mailed about it.
# rdap = "https://rdap.example.com/" names the registry's RDAP server, where IANA's list lacks it.
# owned = true lets active tests ask its name servers (do they hand out the zone, ask others for
# us?) and its web sites (do they give away source code, settings or backups?).
{domains}
# Web sites beyond the domain itself and www.
# [[sites]]
# host = "shop.example.com"
# owned = true

# Mail servers that no MX record names.
# [[mail]]
# host = "smtp.example.com"

# The office's public addresses (view external) and its inner network (view internal).
# [[hosts]]
# address = "203.0.113.10"
# view = "external"
# owned = true
# [[networks]]
# cidr = "192.168.1.0/24"
# view = "internal"
# owned = true

# Microsoft 365 and Entra ID.
# [[tenants]]
# provider = "entra"
# name = "Smile Dental"
# tenant_id = "00000000-0000-0000-0000-000000000000"
# client_id = "00000000-0000-0000-0000-000000000000"
# certificate = {{ file = "posture.pem" }}
# break_glass = ["emergency@example.com"]

# One per backup: how old may the newest good copy be?
# [[backups]]
# name = "file server"
# source = "files"               # or "restic"
# location = "/mnt/backup/fileserver/*.tar.zst"
# rpo_hours = 24

# What the business runs on.
# [[systems]]
# name = "practice software"
# product = "DentPro 12"
# critical = true

# What there is none of, with the reason: it then counts as "does not apply", not as "unknown".
# [none]
# tenant = "mail is hosted by the web host, there is no cloud directory"
"""


def template(
    *,
    company: str,
    authorised_by: str,
    role: str = "",
    domains: Sequence[str] = (),
    client_id: str = "",
    covers: Sequence[Cover] = (Cover.DOMAINS,),
    valid_until: date | None = None,
) -> str:
    """Return the text of a new client.toml; ``load_client`` accepts it if it accepts the values."""
    window = f"valid_until = {valid_until}" if valid_until else "# valid_until = 2026-12-31"
    return _TEMPLATE.format(
        schema=SCHEMA_FILE,
        title=re.sub(r"\s+", " ", company) if company.isprintable() else "this client",
        id=toml_string(client_id or slug(company)),
        name=toml_string(company),
        by=toml_string(authorised_by),
        role=toml_string(role),
        covers="[" + ", ".join(toml_string(cover) for cover in covers) + "]",
        all_covers=", ".join(Cover),
        window=window,
        domains="".join(map(_domain, domains)) or _domain("example.com", comment="# "),
    )


def slug(name: str, otherwise: str = "") -> str:
    """Return an id made from a company's name, or from ``otherwise`` when no letter can stay."""
    chosen = name if any(c.isascii() and c.isalnum() for c in name) else otherwise
    return for_filename(chosen).lower().replace("_", "-").lstrip(".-")[:64]


def toml_string(text: str) -> str:
    """Write a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(c if c.isprintable() else _escape(c) for c in escaped)}"'


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of client.toml, for editors that complete and check."""
    return json_schema(ClientFile)


def json_schema(kind: type[Any]) -> dict[str, Any]:
    """Return the JSON Schema of a configuration dataclass; unknown keys are refused."""
    made = msgspec.json.schema(kind, schema_hook=_span_schema)
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    for component in made.get("$defs", {}).values():
        if "properties" in component:
            component["additionalProperties"] = False
    return made


def _span_schema(kind: type[Any]) -> dict[str, Any]:
    if kind is Span:
        return {"type": "string", "description": "A date, or a date with time and zone."}
    raise NotImplementedError(kind)


def _domain(name: str, comment: str = "") -> str:
    return (
        f"{comment}[[domains]]\n{comment}name = {toml_string(name)}\n"
        f"{comment or '# '}sends_mail = true            # false: parked, nothing is ever sent\n\n"
    )


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
