"""What domains publish, as records that can be changed, served by NSD and asked through Unbound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from posture.edits import Action, Edit
from tests.lab.daemons import Daemon, Loopback
from tests.lab.zones import PORT, knows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_HEAD = "@ 300 IN SOA ns1.example. hostmaster.example. 1 7200 900 1209600 300"


@dataclass(frozen=True, order=True)
class Record:
    """One record; names without the final dot, the text of a TXT record undivided."""

    name: str
    type: str
    value: str

    @property
    def kind(self) -> tuple[str, str, str]:
        """What a replacement takes the place of: of TXT records those with the same first word."""
        word = self.value.replace(";", " ").split()[0] if self.type == "TXT" else ""
        return self.name, self.type, word

    @property
    def line(self) -> str:
        """Write it for a zone file."""
        value = self.value
        if self.type == "TXT":
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            pieces = [escaped[start : start + 200] for start in range(0, len(escaped), 200)]
            value = " ".join(f'"{piece}"' for piece in pieces)
        return f"{self.name}. 300 IN {self.type} {value}"


class Published:
    """The records of all zones."""

    def __init__(self, zones: Mapping[str, Iterable[str]]) -> None:
        """Take each zone's lines, ``name TYPE value``, with ``@`` for the zone itself."""
        self.zones = tuple(zones)
        self.records: set[Record] = set()
        for zone, lines in zones.items():
            for line in lines:
                name, rdtype, value = line.split(" ", 2)
                owner = zone if name == "@" else f"{name}.{zone}"
                self.records.add(Record(owner, rdtype, value))

    def change(self, edits: Iterable[Edit]) -> None:
        """Do what a fix says, as a person at a DNS host would."""
        for edit in edits:
            record = Record(edit.name, edit.type, edit.value)
            assert any(record.name == z or record.name.endswith(f".{z}") for z in self.zones)
            if edit.action is Action.DELETE:
                assert record in self.records, f"{record} is not there"
                self.records.discard(record)
                continue
            if edit.action is Action.REPLACE:
                self.records -= {old for old in self.records if old.kind == record.kind}
            self.records.add(record)

    def answers(self) -> dict[str, dict[str, list[str] | str]]:
        """The same for a ``FakeResolver``."""
        found: dict[str, dict[str, list[str] | str]] = {}
        for record in sorted(self.records):
            rows = found.setdefault(record.name, {}).setdefault(record.type, [])
            assert isinstance(rows, list)
            rows.append(record.value)
        return found

    def holder(self, name: str) -> str:
        """The zone that a name belongs to."""
        within = [z for z in self.zones if name == z or name.endswith(f".{z}")]
        return max(within, key=len)


@dataclass(frozen=True)
class Servers:
    """NSD and Unbound for what is published now; they are started anew after each change."""

    folder: Path
    place: Loopback

    @property
    def resolver(self) -> str:
        """Where Unbound answers."""
        return f"{self.place.address(3)}:{PORT}"

    def daemons(self: Self, published: Published) -> list[Daemon]:
        """Write the zone files and say what to run."""
        authority, resolver = self.place.address(2), self.place.address(3)
        self._write(published)
        (self.folder / "nsd.conf").write_text(self._nsd(published, authority))
        (self.folder / "unbound.conf").write_text(self._unbound(published, authority, resolver))
        return [
            Daemon(
                argv=["nsd", "-d", "-c", str(self.folder / "nsd.conf")],
                answers=knows(authority, "ns1.example"),
                log=self.folder / "nsd.log",
            ),
            Daemon(
                argv=["unbound", "-d", "-p", "-c", str(self.folder / "unbound.conf")],
                answers=knows(resolver, "ns1.example"),
                log=self.folder / "unbound.log",
            ),
        ]

    def _write(self, published: Published) -> None:
        tops = [zone for zone in published.zones if "." not in zone]
        for zone in (*published.zones, ""):
            lines = [r.line for r in sorted(published.records) if published.holder(r.name) == zone]
            cuts = tops if not zone else [z for z in published.zones if z.partition(".")[2] == zone]
            below = [f"{cut}. 300 IN NS {ns}.example." for cut in cuts for ns in ("ns1", "ns2")]
            glue = ["ns1.example. 300 IN A 203.0.113.2", "ns2.example. 300 IN A 198.51.100.2"]
            glue = glue if zone in {"", "example"} else []
            own = [f"@ 300 IN NS {ns}.example." for ns in ("ns1", "ns2")]
            text = "\n".join([f"$ORIGIN {zone}.", _HEAD, *own, *glue, *below, *lines, ""])
            (self.folder / f"zone.{zone or 'root'}").write_text(text)

    def _nsd(self, published: Published, authority: str) -> str:
        zones = "".join(
            f'zone:\n  name: "{zone or "."}"\n  zonefile: "zone.{zone or "root"}"\n'
            for zone in (*published.zones, "")
        )
        return f"""
server:
  ip-address: {authority}@{PORT}
  username: ""
  chroot: ""
  zonesdir: "{self.folder}"
  pidfile: ""
  database: ""
  xfrdfile: ""
  zonelistfile: "{self.folder}/zone.list"
  server-count: 1
remote-control:
  control-enable: no
{zones}"""

    def _unbound(self, published: Published, authority: str, resolver: str) -> str:
        # Glue has no port, so each zone is told where its server is.
        stubs = "".join(
            f'stub-zone:\n  name: "{zone or "."}"\n  stub-addr: {authority}@{PORT}\n'
            for zone in (*published.zones, "")
        )
        return f"""
server:
  interface: {resolver}@{PORT}
  access-control: 127.0.0.0/8 allow
  do-ip6: no
  do-not-query-localhost: no
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  directory: "{self.folder}"
  module-config: "iterator"
  so-rcvbuf: 1m
remote-control:
  control-enable: no
{stubs}"""
