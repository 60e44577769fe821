"""What answers that were asked for something else show besides."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from posture.net.tls import iana, primes
from posture.net.tls.flight import Flight
from posture.net.tls.survey import Chain, DhParameters, Facts
from posture.net.tls.tls13 import Inside
from posture.net.tls.wire import ParseError, Reader, Version

HEARTBEAT, ALPN, SCT, ENCRYPT_THEN_MAC = 15, 16, 18, 22
_MASTER_SECRET, _TICKET, _RENEGOTIATION = 23, 35, 0xFF01
_SENTINELS = (b"DOWNGRD\1", b"DOWNGRD\0")
_KEYLESS = ("anon", "shared")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One answer up to TLS 1.2."""

    flight: Flight
    everything: bool
    """The question offered compression, stapling and the like."""


def gather(
    shown: Iterable[Shown], inside: Inside | None, *, fallback: bool | None, alpn: bool
) -> Facts:
    """Put together what all answers show. ``alpn``: whether protocols were offered at all."""
    answers = list(shown)
    flights = [answer.flight for answer in answers]
    rich = [answer.flight for answer in answers if answer.everything]
    cbc = [flight for flight in flights if "_CBC_" in iana.suite_name(flight.hello.suite)]
    signed = [flight for flight in flights if iana.family(flight.hello.suite) not in _KEYLESS]
    tls12 = [flight for flight in flights if flight.hello.version == Version.TLS12]
    return Facts(
        secure_renegotiation=_all(flights, _has(_RENEGOTIATION)),
        extended_master_secret=_all(flights, _has(_MASTER_SECRET)),
        encrypt_then_mac=_all(cbc, _has(ENCRYPT_THEN_MAC)),
        session_tickets=_either(
            _any(flights, _has(_TICKET)),
            bool(inside.tickets) if inside and inside.tickets is not None else None,
        ),
        session_ids=_any(flights, lambda flight: bool(flight.hello.session)),
        early_data=inside.early_data if inside else None,
        compression=_any(rich, lambda flight: flight.hello.compression != 0),
        heartbeat=_any(rich, _has(HEARTBEAT)),
        stapling=_either(
            _any(rich, lambda flight: flight.stapled), inside.stapled if inside else None
        ),
        timestamps=_either(_any(rich, _has(SCT)), inside.timestamps if inside else None),
        client_certificate=_either(
            _any(signed, lambda flight: flight.client_certificate),
            inside.client_certificate if inside else None,
        ),
        fallback_scsv=fallback,
        downgrade_sentinel=_any(tls12, lambda flight: flight.hello.random[-8:] in _SENTINELS),
        alpn=_alpn(rich, inside) if alpn else None,
    )


def dh_parameters(shown: Iterable[Shown]) -> tuple[DhParameters, ...]:
    """Return the Diffie-Hellman parameters met, the shortest first."""
    moduli = {found.flight.key.prime for found in shown if found.flight.key}
    found = {
        DhParameters(bits=int.from_bytes(modulus).bit_length(), standard=primes.known(modulus))
        for modulus in moduli
        if modulus
    }
    return tuple(sorted(found, key=lambda item: (item.bits, item.standard)))


def chains(shown: Iterable[Shown], insides: Iterable[Inside]) -> tuple[Chain, ...]:
    """Return every chain met once."""
    met: dict[tuple[bytes, ...], dict[str, str]] = {}
    for item in shown:
        flight = item.flight
        if flight.certificates:
            label = Version(flight.hello.version).label
            met.setdefault(flight.certificates, {}).setdefault(label, _kind(flight))
    for inside in insides:
        if inside.certificates:
            kind = _scheme_kind(inside.signature)
            met.setdefault(inside.certificates, {}).setdefault(Version.TLS13.label, kind)
    return tuple(
        Chain(certificates=found, kind=min(seen.values()), versions=tuple(sorted(seen)))
        for found, seen in met.items()
    )


def _kind(flight: Flight) -> str:
    method = iana.key_exchange(flight.hello.suite)
    if method in {"DHE_DSS", "SRP_SHA_DSS"}:
        return "DSS"
    if method in {"ECDHE_ECDSA", "ECDH_ECDSA", "ECDH_RSA"}:
        return "ECDSA"  # the key is on a curve, whoever signed the certificate (RFC 8422 §2)
    return "RSA" if "RSA" in method and not method.startswith("DH_") else "other"


def _scheme_kind(scheme: int | None) -> str:
    name = iana.signature_name(scheme) if scheme is not None else ""
    prefixes = {"rsa": "RSA", "ecdsa": "ECDSA", "ed": "EdDSA", "dsa": "DSS"}
    return next((kind for start, kind in prefixes.items() if name.startswith(start)), "other")


def _has(extension: int) -> Callable[[Flight], bool]:
    return lambda flight: flight.hello.extension(extension) is not None


def _any(flights: list[Flight], shows: Callable[[Flight], bool]) -> bool | None:
    return any(map(shows, flights)) if flights else None


def _all(flights: list[Flight], shows: Callable[[Flight], bool]) -> bool | None:
    return all(map(shows, flights)) if flights else None


def _either(one: bool | None, other: bool | None) -> bool | None:  # noqa: FBT001 - a pair of truths
    known = [value for value in (one, other) if value is not None]
    return any(known) if known else None


def _alpn(rich: list[Flight], inside: Inside | None) -> str | None:
    chosen = [inside.alpn] if inside and inside.alpn else []
    for flight in rich:
        data = flight.hello.extension(ALPN)
        if data is not None:
            try:
                chosen.append(Reader(Reader(data).vector(2)).vector(1).decode("ascii", "replace"))
            except ParseError:
                continue
    if chosen:
        return chosen[0]
    return "" if rich or inside else None
