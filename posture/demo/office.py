"""Opens the demo office: every server of a small dental practice, on loopback, for one audit."""

from collections.abc import AsyncIterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from posture.demo import (
    authority,
    backups,
    dns,
    names,
    papers,
    ports,
    registry,
    reports,
    smtp,
    staff,
    transport,
    web,
)
from posture.demo.faults import DEMO_FAULTS, Fault
from posture.demo.graph import GraphStandIn
from posture.demo.graph_model import TenantModel
from posture.demo.names import KIDS, LAB, MAIL_SERVERS, MAIN, ORTHO, RECALL, SENDING
from posture.demo.pki import LIST_HOST, Authority, CertificateState

__all__ = ["DEMO_FAULTS", "Fault", "Office", "start_office"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A running office."""

    client_file: Path
    faults: frozenset[Fault]


@dataclass(frozen=True, slots=True)
class Site:
    """A web site and what is wrong with it."""

    host: str
    state: CertificateState = CertificateState.GOOD
    legacy: bool = False
    redirects: bool = True
    hsts: bool = True
    policy: str = web.POLICY
    cookie: str = web.COOKIE
    software: str = ""


@asynccontextmanager
async def start_office(
    directory: Path, faults: AbstractSet[Fault], now: datetime
) -> AsyncIterator[Office]:
    """Write the office's files into ``directory`` (new or empty), run its servers until the end.

    ``now`` (aware) is what certificates, backups and signatures are dated around: the time of the
    audit. The servers run on the current event loop.
    """
    chosen = frozenset(faults)
    async with AsyncExitStack() as stack:
        opening = _Opening(directory, chosen, now, Authority.found(now), stack)
        yield Office(client_file=await opening.open(), faults=chosen)


@dataclass(slots=True)
class _Opening:
    """The work of opening."""

    directory: Path
    faults: frozenset[Fault]
    now: datetime
    authority: Authority
    stack: AsyncExitStack
    connect: dict[str, str] = field(default_factory=dict)

    async def open(self) -> Path:
        self.directory.mkdir(parents=True, exist_ok=True)
        keys = self.directory / "servers"
        keys.mkdir()
        self.authority.write(self.directory / "ca.pem")
        backups.write(self.directory / "backups", self.now, self.faults)
        reports.write(self.directory / reports.FOLDER, self.now, self.faults)
        sites = self.sites()
        for site in sites:
            await self.site(site, keys)
        for host in dict.fromkeys(MAIL_SERVERS.values()):
            await self.mail_server(host, keys)
        await self.registry(keys)
        revoked = self.authority.revocation_list()
        page = web.Response(media_type="application/pkix-crl", body=revoked)
        await self.listen(f"{LIST_HOST}:80", web.serve(page))
        for domain in SENDING:
            await self.policy(domain, keys)
        await self.machines()
        known = self.graph(keys)
        zones = names.published(self.faults, tuple(site.host for site in sites), self.now)
        transport.publish(zones, self.faults, self.authority.key_digest)
        for host, server in authority.servers(zones, self.faults).items():
            await self.listen(f"{host}:53", dns.serve(server))
        return self.write(known, await self.stack.enter_async_context(dns.serve(zones)))

    def sites(self) -> list[Site]:
        has = self.faults.__contains__
        return [
            Site(MAIN, state=self.state(Fault.SITE_EXPIRING)),
            Site(f"www.{MAIN}", hsts=not has(Fault.SITE_NO_HSTS)),
            Site(f"www.{LAB}", state=self.state(Fault.SITE_ENDING)),
            Site(
                f"www.{KIDS}",
                state=self.state(Fault.SITE_WRONG_NAME),
                software="WordPress 4.5.33" if has(Fault.SITE_OLD_SOFTWARE) else "",
            ),
            Site(
                f"www.{ORTHO}",
                state=self.state(Fault.SITE_REVOKED),
                redirects=not has(Fault.SITE_NO_REDIRECT),
            ),
            Site(
                f"booking.{MAIN}",
                state=self.state(Fault.SITE_SELF_SIGNED),
                policy=_LAX_POLICY if has(Fault.SITE_POLICY_OPEN) else web.POLICY,
            ),
            Site(
                f"portal.{MAIN}",
                legacy=has(Fault.SITE_LEGACY),
                cookie=_LAX_COOKIE if has(Fault.SITE_COOKIE_BARE) else web.COOKIE,
            ),
        ]

    def state(self, fault: Fault | None) -> CertificateState:
        """The certificate that this fault brings, a good one without it."""
        return _CERTIFICATES[fault] if fault in self.faults else CertificateState.GOOD

    async def site(self, site: Site, keys: Path) -> None:
        context = self.authority.context(keys, site.host, site.state, legacy=site.legacy)
        transport = (web.HSTS,) if site.hsts else ()
        headers = (*transport, *web.GUARDS, site.policy, site.cookie)
        page = web.Response(headers=headers, body=web.made_with(site.software))
        pages = {"/.well-known/security.txt": web.notice(MAIN, self.now)}
        plain = web.redirect(site.host) if site.redirects else web.Response()
        old, *new = names.TWO_ADDRESSES.get(site.host, (site.host,))
        await self.listen(f"{old}:443", web.serve(page, context, pages))
        await self.listen(f"{old}:80", web.serve(plain))
        for address in new:
            if Fault.SITE_UNEVEN in self.faults:
                state = CertificateState.OLD
                context = self.authority.context(keys, site.host, state, legacy=site.legacy)
            await self.listen(f"[{address}]:443", web.serve(page, context, pages))
            await self.listen(f"[{address}]:80", web.serve(plain))

    async def policy(self, domain: str, keys: Path) -> None:
        """Serve what the domain asks of those who send to it (MTA-STS)."""
        host = transport.policy_host(domain)
        context = self.authority.context(keys, host, CertificateState.GOOD, legacy=False)
        body = transport.policy(domain, self.faults).encode()
        page = web.Response(media_type="text/plain", body=body)
        await self.listen(f"{host}:443", web.serve(page, context))

    async def mail_server(self, host: str, keys: Path) -> None:
        state = self.state(_MAIL_CERTIFICATES.get(host))
        legacy = host == MAIL_SERVERS[MAIN] and Fault.MAIL_LEGACY in self.faults
        context = self.authority.context(keys, host, state, legacy=legacy)
        plain = host == MAIL_SERVERS[LAB] and Fault.MAIL_NO_STARTTLS in self.faults
        await self.listen(f"{host}:25", smtp.serve(host, None if plain else context))

    async def registry(self, keys: Path) -> None:
        context = self.authority.context(keys, registry.HOST, CertificateState.GOOD, legacy=False)
        known = registry.entries(self.now, self.faults)
        await self.listen(f"{registry.HOST}:443", registry.serve(known, context))

    async def machines(self) -> None:
        """One listener stands for every open port, one port for everything that refuses."""
        refusal = self.stack.enter_context(ports.Refusal())
        for number in range(9, 15):
            self.connect[f"192.0.2.{number}:*"] = f"127.0.0.1:{refusal.port}"
        port = await self.stack.enter_async_context(ports.serve())
        opened = [where for fault, where in _OPENED.items() if fault in self.faults]
        for where in (*_ALWAYS_OPEN, *opened):
            self.connect[where] = f"127.0.0.1:{port}"

    def graph(self, keys: Path) -> TenantModel:
        """Start the stand-in for Microsoft Graph and put its secret into a file."""
        known = staff.tenant(self.faults)
        host = staff.ORIGIN.removeprefix("https://")
        context = self.authority.context(keys, host, CertificateState.GOOD, legacy=False)
        stand_in = self.stack.enter_context(GraphStandIn(known, context))
        self.connect[f"{host}:443"] = f"127.0.0.1:{stand_in.port}"
        secret = self.directory / staff.SECRET_FILE
        secret.touch(mode=0o600)
        secret.write_text(known.secret, encoding="utf-8")
        return known

    async def listen(self, where: str, server: AbstractAsyncContextManager[int]) -> None:
        """Start a server that stands for ``where`` and runs until the office closes."""
        self.connect[where] = f"127.0.0.1:{await self.stack.enter_async_context(server)}"

    def write(self, tenant: TenantModel, dns_port: int) -> Path:
        text = papers.client(
            self.now,
            resolver=f"127.0.0.1:{dns_port}",
            sites=[f"booking.{MAIN}", f"portal.{MAIN}"],
            tenant=staff.declared(tenant),
            connect=self.connect,
        )
        path = self.directory / "client.toml"
        path.write_text(text, encoding="utf-8")
        for name, paper in (
            ("attestations.toml", papers.attestations(self.now, self.faults)),
            ("waivers.toml", papers.waivers(self.now)),
        ):
            (self.directory / name).write_text(paper, encoding="utf-8")
        return path


_CERTIFICATES: Mapping[Fault | None, CertificateState] = {
    Fault.SITE_EXPIRING: CertificateState.EXPIRING,
    Fault.SITE_ENDING: CertificateState.ENDING,
    Fault.SITE_WRONG_NAME: CertificateState.WRONG_NAME,
    Fault.SITE_SELF_SIGNED: CertificateState.SELF_SIGNED,
    Fault.SITE_REVOKED: CertificateState.REVOKED,
    Fault.MAIL_EXPIRING: CertificateState.EXPIRING,
    Fault.MAIL_WRONG_NAME: CertificateState.WRONG_NAME,
    Fault.MAIL_SELF_SIGNED: CertificateState.SELF_SIGNED,
}
_MAIL_CERTIFICATES = {
    MAIL_SERVERS[ORTHO]: Fault.MAIL_EXPIRING,
    MAIL_SERVERS[KIDS]: Fault.MAIL_WRONG_NAME,
    MAIL_SERVERS[RECALL]: Fault.MAIL_SELF_SIGNED,
}

_LAX_POLICY = (
    "Content-Security-Policy: default-src https: data: 'unsafe-inline'; frame-ancestors 'self'"
)
_LAX_COOKIE = web.COOKIE.replace(" Secure;", "")

# What an office needs: the printer prints, the server is administered, files are shared by it.
_ALWAYS_OPEN = ("192.0.2.14:9100", "192.0.2.14:631", "192.0.2.10:22", "192.0.2.10:8080")
_OPENED = {
    Fault.ADMIN_OPEN: "192.0.2.9:8443",
    Fault.DATABASE_OPEN: "192.0.2.10:5432",
    Fault.RDP_OPEN: "192.0.2.11:3389",
    Fault.SMB_OPEN: "192.0.2.12:445",
    Fault.VNC_OPEN: "192.0.2.13:5900",
}
