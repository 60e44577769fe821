"""Writes checks/dns/rdap_servers.toml from IANA's list of the registries' RDAP servers.

    curl -O https://data.iana.org/rdap/dns.json
    python tools/rdap_servers.py dns.json

The list (RFC 9224 §4) changes every few days; a copy a few months old is right for nearly all.
"""

import json
import sys
from pathlib import Path
from textwrap import fill

WHERE = Path(__file__).parents[1] / "checks" / "dns" / "rdap_servers.toml"
HEAD = """\
# Where the registry of each top level answers questions about its domains (RDAP, RFC 9224 §4).
#
#   source      https://data.iana.org/rdap/dns.json, the Bootstrap Service Registry for Domain Names
#   licence     CC0 1.0: IANA and IETF dedicated the protocol registries to the public domain
#               (https://www.iana.org/help/licensing-terms, 10 November 2021)
#   published   the time that IANA's file itself bears
#
# Written by tools/rdap_servers.py: get the file anew and run it. Servers without HTTPS are left
# out. A top level that is not here has no server that IANA knows of.

"""


def table(document: dict[str, object]) -> str:
    """Return the TOML; raises KeyError, TypeError or ValueError for what is no such list."""
    lines = [f"published = {document['publication']}", "", "[servers]"]
    services = document["services"]
    if not isinstance(services, list):
        raise TypeError("services is not a list")
    servers: dict[str, set[str]] = {}
    for names, urls in services:
        secure = [url for url in urls if url.startswith("https://") and url.endswith("/")]
        for url in secure[:1]:
            servers.setdefault(url, set()).update(name.lower() for name in names)
    for url, known in sorted(servers.items()):
        names = ", ".join(json.dumps(name) for name in sorted(known))
        line = f"{json.dumps(url)} = [{names}]"
        if len(line) > 100:
            rows = fill(f"{names},", 96, break_long_words=False, break_on_hyphens=False)
            body = "\n".join(f"    {row}" for row in rows.splitlines())
            line = f"{json.dumps(url)} = [\n{body}\n]"
        lines.append(line)
    return HEAD + "\n".join(lines) + "\n"


def main() -> int:
    """Read the file named on the command line."""
    text = table(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    WHERE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
