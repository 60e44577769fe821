"""What receivers make of a message: SPF by RFC 7208, DKIM by its key, DMARC by RFC 9989."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from posture.checks.email import dkim, dmarc, macros
from posture.checks.email.check_host import Result, answered, evaluate
from tests.checks.email.zone import lookup

if TYPE_CHECKING:
    from posture.checks.email.dmarc import Applied, Found
    from tests.lab.published import Published


@dataclass(frozen=True, kw_only=True)
class Message:
    """One kind of message that a declared sender sends."""

    ip: str
    mail_from: str
    header_from: str
    """Domain of the author."""
    helo: str = "out.mailer.example"
    signed: tuple[tuple[str, str, str], ...] = ()
    """Domain, selector and public key of each signature."""


@dataclass(frozen=True, kw_only=True)
class Fate:
    """How a message fares."""

    passes: bool
    """It is authenticated and aligned: DMARC passes, or would if there were a record."""
    policy: str
    """What the author's domain asks for mail that does not pass."""

    @property
    def refused(self) -> bool:
        return not self.passes and self.policy in {"quarantine", "reject"}


class Receiver:
    """Reads what is published now."""

    def __init__(self, published: Published) -> None:
        """Ask no daemon: the same records in memory."""
        self._lookup = lookup(published.answers())

    def fate(self, message: Message) -> Fate:
        """Authenticate a message and apply the policy."""
        author = message.header_from, self._walk(message.header_from)
        applied = dmarc.settle(*author)
        passes = self._by_spf(message, author, applied) or any(
            self._verifies(*signature) and self._aligned(author, signature[0], applied, "adkim")
            for signature in message.signed
        )
        return Fate(passes=passes, policy=applied.domain)

    def _by_spf(self, message: Message, author: tuple[str, Found], applied: Applied) -> bool:
        about = macros.message(message.ip, message.mail_from, message.helo)
        found = answered(evaluate(about), self._lookup)
        sender = message.mail_from.rpartition("@")[2]
        return found.result is Result.PASS and self._aligned(author, sender, applied, "aspf")

    def _verifies(self, domain: str, selector: str, key: str) -> bool:
        """Whether a signature with rsa-sha256 holds: the key is there, and may be used so."""
        texts = self._texts(f"{selector}._domainkey.{domain}")
        try:
            (found,) = [dkim.parse(text) for text in texts]
        except ValueError:
            return False
        usable = found.sha256 and found.for_mail and not found.testing and found.granularity == "*"
        return usable and f"p={key}" in texts[0]

    def _aligned(self, author: tuple[str, Found], domain: str, applied: Applied, tag: str) -> bool:
        mode = applied.record.value(tag) if applied.record else "r"
        return dmarc.aligned(author, (domain, self._walk(domain)), mode) is True

    def _walk(self, domain: str) -> Found:
        return [
            (name, tuple(t for t in self._texts(f"_dmarc.{name}") if dmarc.is_dmarc(t)))
            for name in dmarc.walk(domain)
        ]

    def _texts(self, name: str) -> tuple[str, ...]:
        found = self._lookup(name, "TXT")
        assert isinstance(found, tuple)
        return found
