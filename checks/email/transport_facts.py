"""What can be seen of how mail is to be encrypted on its way in: MTA-STS, TLS-RPT, DANE; BIMI."""

from enum import StrEnum

from posture.model import fact, record


@fact("email.mta_sts")
class MtaSts:
    """The record that announces a policy for encrypted delivery (RFC 8461 §3.1)."""

    domain: str
    asked: bool
    """False: the domain takes no mail, so nobody looks for one."""
    records: tuple[str, ...]
    """The TXT records at ``_mta-sts`` that begin like one."""
    homeless: bool
    """The record is sound, but the host of the policy is proven to have no address."""

    @property
    def host(self) -> str:
        """The host that must serve the policy (§3.2)."""
        return f"mta-sts.{self.domain}"


class Fetch(StrEnum):
    """What came of asking for a policy."""

    NOT_ASKED = "not_asked"
    """There is no single sound record, without which no sender asks."""
    NO_HOST = "no_host"
    CERTIFICATE = "certificate"
    """The certificate of the policy's host is not trusted, or not for that name."""
    STATUS = "status"
    """Anything but 200: senders follow no redirect (§3.3)."""
    FETCHED = "fetched"


@fact("email.mta_sts_policy")
class MtaStsPolicy:
    """The policy for encrypted delivery, as a sender would fetch it (RFC 8461 §3.3)."""

    url: str
    fetch: Fetch
    detail: str
    """The status, or the verifier's words; with a redirect, where it leads."""
    media_type: str
    text: str
    """The file; octets that are not UTF-8 replaced."""


@fact("email.tls_reporting")
class TlsReporting:
    """The record that asks senders for reports on failed encryption (RFC 8460 §3)."""

    domain: str
    wanted_by: str
    """``MTA-STS`` or ``DANE``, what can fail; empty: neither is used, so nothing was asked."""
    records: tuple[str, ...]
    """The TXT records at ``_smtp._tls`` that begin like one."""


@record
class TlsaAnswer:
    """The TLSA records at one name."""

    name: str
    """``_25._tcp.mx.example.com``."""
    records: tuple[str, ...]
    """In presentation form. Empty: proven to have none."""
    authenticated: bool
    """The resolver validated this answer."""


@fact("email.tlsa")
class MailTlsa:
    """The DANE records of a mail server, as far as a sender looks for them (RFC 7672 §2.2)."""

    host: str
    port: int
    signed: bool
    """The resolver validated the server's addresses; without that senders look no further."""
    validating: bool
    """The resolver was seen to validate something."""
    answer: TlsaAnswer | None
    """None: not asked, as the server's zone is known not to be signed."""

    @property
    def name(self) -> str:
        """Where the records stand, or would stand."""
        return self.answer.name if self.answer else f"_{self.port}._tcp.{self.host}"

    @property
    def records(self) -> tuple[str, ...]:
        """The records, none if there are none."""
        return self.answer.records if self.answer else ()


@fact("email.bimi")
class Bimi:
    """The logo a domain wants shown beside its mail (BIMI, an Internet-Draft)."""

    domain: str
    asked: bool
    """False: DMARC is in force, or there is none at all, so its answer would change nothing."""
    records: tuple[str, ...]
    """The TXT records at ``default._bimi`` that begin with ``v=BIMI1``."""
