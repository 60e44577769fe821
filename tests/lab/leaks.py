"""Two web sites with the same forgotten files: one serves them, one took the printed advice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from posture.words import load_page
from tests.lab.pki import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.daemons import Loopback
    from tests.lab.pki import Authority

OPEN, SEALED = "open.files.example", "sealed.files.example"
SITES = {OPEN: 60, SEALED: 61}
"""Last number of the address of each."""
HTTPS = 20443
VISITS = "leaks.log"
CANARY = "XyzzyCanary4711"
"""What is in every file: it must appear nowhere."""
FILES = {
    ".git/HEAD": f"ref: refs/heads/{CANARY}\n",
    ".env": f"DB_PASSWORD={CANARY}\nDB_USER={CANARY}\n" * 2000,
    "backup.sql": f"-- MySQL dump 10.13 {CANARY}\n" * 2000,
    "wp-config.php.bak": f"<?php define('DB_PASSWORD', '{CANARY}');\n",
    f"{OPEN}.zip": f"PK\x03\x04{CANARY}",
    f"{SEALED}.zip": f"PK\x03\x04{CANARY}",
    ".DS_Store": f"\0\0\0\1Bud1{CANARY}",
    f"uploads/{CANARY}.txt": CANARY,
    "index.html": "<!doctype html><title>Welcome</title>",
}


def connect(place: Loopback) -> Iterator[tuple[str, str]]:
    """Where the scan finds them; nothing listens for plain HTTP."""
    for host, last in SITES.items():
        yield f"{host}:443", f"{place.address(last)}:{HTTPS}"
        yield f"{host}:80", place.refusal


def servers(folder: Path, place: Loopback, authority: Authority) -> str:
    """Write the files, and return what nginx must be told of them."""
    for name, text in FILES.items():
        path = folder / "leaks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="latin-1")
    return "".join(_server(host, folder, place, authority) for host in SITES)


def _server(host: str, folder: Path, place: Loopback, authority: Authority) -> str:
    chain = authority.write(folder, host, State.GOOD)
    return f"""
  server {{
    listen {place.address(SITES[host])}:{HTTPS} ssl;
    server_name {host};
    ssl_certificate {chain};
    ssl_certificate_key {chain};
    access_log {folder}/{VISITS} brief;
    root {folder}/leaks;
    {advice() if host == SEALED else "autoindex on;"}
  }}
"""


def advice() -> str:
    """What the two pages tell an nginx to do."""
    pages = {
        "private": r"nginx \(in the server block\):\n(.*?)\nApache",
        "contents": r"nginx: (.*?)\nApache",
    }
    found = []
    for name, pattern in pages.items():
        fix = load_page("posture.checks.web", f"web.files.{name}").fix["close"].format(paths="")
        match = re.search(pattern, fix, re.DOTALL)
        assert match
        found.append(match[1])
    return "\n".join(found)
