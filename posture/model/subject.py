"""What is audited. Every subject has an id that is stable over runs and releases."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar, dataclass_transform

from posture.model.outcome import View


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRef:
    """Where a secret is, never the secret. Exactly one field is set."""

    env: str | None = None
    file: str | None = None
    keyring: str | None = None
    command: tuple[str, ...] | None = None


class Subject:
    """Something that is audited. ``id`` is stable over runs and releases."""

    __slots__ = ()
    kind: ClassVar[str]

    @property
    def key(self) -> str:
        """What tells this subject from others of its kind."""
        raise NotImplementedError  # pragma: no cover - abstract

    @property
    def id(self) -> str:
        """Kind and key, e.g. ``domain:example.com``."""
        return f"{self.kind}:{self.key}"

    @property
    def label(self) -> str:
        """The subject's name for a reader."""
        return self.key

    @property
    def side(self) -> View | None:
        """The view a finding about this subject speaks of, when that is fixed by the subject."""
        return None

    @property
    def active_tests_allowed(self) -> bool:
        """Whether its owner declared that tests beyond ordinary use may touch it."""
        return False

    def endpoints(self) -> tuple[tuple[str, int | None], ...]:
        """Host and TCP port (None: any port) that auditing this subject may talk to."""
        return ()


S = TypeVar("S", bound=Subject)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def subject(kind: str) -> Callable[[type[S]], type[S]]:
    """Declare a frozen dataclass as a kind of subject."""

    def declare(cls: type[S]) -> type[S]:
        made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        made.kind = kind
        return made

    return declare


@subject("company")
class Company(Subject):
    """The client itself. There is exactly one in a snapshot."""

    client_id: str
    name: str

    @property
    def key(self) -> str:
        return self.client_id

    @property
    def label(self) -> str:
        return self.name


@subject("domain")
class Domain(Subject):
    """A DNS domain in A-label form, lower case, without a final dot."""

    name: str
    sends_mail: bool | None = None
    """Declared: True sends, False is parked, None was not said."""
    reports: str = ""
    """A folder with the DMARC and TLS reports that were mailed about it."""
    rdap: str = ""
    """Base URL of its registry's RDAP server, with a final slash, where IANA's list has none."""
    owned: bool = False
    """Tests beyond ordinary use may touch its name servers and its web sites."""

    @property
    def key(self) -> str:
        return self.name

    @property
    def active_tests_allowed(self) -> bool:
        return self.owned

    def endpoints(self) -> tuple[tuple[str, int | None], ...]:
        return ((f"mta-sts.{self.name}", 443),)


@subject("nameserver")
class NameServer(Subject):
    """A host that is to answer for a zone: one for each zone, so that each has its own verdict."""

    host: str
    zone: str
    owned: bool = False
    """The zone is."""

    @property
    def key(self) -> str:
        return f"{self.host}/{self.zone}"

    @property
    def label(self) -> str:
        return f"{self.host} for {self.zone}"

    @property
    def active_tests_allowed(self) -> bool:
        return self.owned

    def endpoints(self) -> tuple[tuple[str, int | None], ...]:
        return ((self.host, 53),)


@subject("website")
class WebSite(Subject):
    """A host name that serves HTTPS on ``port``."""

    host: str
    port: int = 443
    owned: bool = False
    """Tests beyond ordinary use may touch it."""

    @property
    def key(self) -> str:
        return self.host if self.port == 443 else f"{self.host}:{self.port}"

    @property
    def active_tests_allowed(self) -> bool:
        return self.owned

    def endpoints(self) -> tuple[tuple[str, int | None], ...]:
        return ((self.host, self.port), (self.host, 80))


@subject("mailserver")
class MailServer(Subject):
    """A host that receives mail for at least one audited domain."""

    host: str
    port: int = 25

    @property
    def key(self) -> str:
        return self.host if self.port == 25 else f"{self.host}:{self.port}"

    def endpoints(self) -> tuple[tuple[str, int | None], ...]:
        return ((self.host, self.port),)


@subject("network")
class Network(Subject):
    """A declared address range, e.g. ``192.168.1.0/24``."""

    cidr: str
    view: View
    owned: bool = False
    site: str = ""

    @property
    def key(self) -> str:
        return self.cidr

    @property
    def side(self) -> View | None:
        return self.view

    @property
    def active_tests_allowed(self) -> bool:
        return self.owned

    def endpoints(self) -> tuple[tuple[str, int | None], ...]:
        return ((self.cidr, None),)


@subject("host")
class Host(Subject):
    """One address, declared or found alive in a declared network."""

    address: str
    view: View
    owned: bool = False
    name: str = ""
    site: str = ""

    @property
    def key(self) -> str:
        return self.address

    @property
    def label(self) -> str:
        return f"{self.name} ({self.address})" if self.name else self.address

    @property
    def side(self) -> View | None:
        return self.view

    @property
    def active_tests_allowed(self) -> bool:
        return self.owned

    def endpoints(self) -> tuple[tuple[str, int | None], ...]:
        return ((self.address, None),)


@subject("tenant")
class Tenant(Subject):
    """One directory of an identity provider."""

    name: str
    provider: str
    tenant_id: str = ""
    client_id: str = ""
    secret: SecretRef | None = None
    certificate: SecretRef | None = None
    """PEM file with private key and certificate, for providers that sign assertions."""
    base_url: str = ""
    """API origin when it is not the provider's public one (national cloud, test server)."""
    login_url: str = ""
    break_glass: tuple[str, ...] = ()
    """Ids or user names of emergency accounts, excluded from coverage on purpose."""

    @property
    def key(self) -> str:
        return f"{self.provider}/{self.name}"

    @property
    def label(self) -> str:
        return self.name


@subject("backupset")
class BackupSet(Subject):
    """One system's backup: where its restore points are and how old the newest may be."""

    name: str
    source: str
    """What keeps the points: ``files`` or ``restic``."""
    location: str
    """A glob of backup files, or a repository."""
    rpo_hours: float = 24.0
    system: str = ""
    password: SecretRef | None = None

    @property
    def key(self) -> str:
        return self.name


@subject("system")
class System(Subject):
    """A product the client relies on, as declared in its stack list."""

    name: str
    product: str = ""
    role: str = ""
    critical: bool = False

    @property
    def key(self) -> str:
        return self.name
