"""Is every fact in sslyze's JSON in ours, and the same? Every exception has its reason here."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

COMMANDS = (
    *("--certinfo", "--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3"),
    *("--elliptic_curves", "--compression", "--early_data", "--fallback", "--ems", "--reneg"),
)
"""What sslyze is asked for: what a survey answers, too."""
NOT_COMPARED = {
    "heartbleed": "an attack: posture tries it only where the owner asked (checks of known flaws)",
    "openssl_ccs_injection": "an attack, as above",
    "robot": "an attack, as above",
    "http_headers": "HTTP: posture's web area",
    "session_resumption": "posture says what the server offers (tickets, identifiers)",
}
_VERSIONS = {
    "ssl_2_0_cipher_suites": "SSL 2.0",
    "ssl_3_0_cipher_suites": "SSL 3.0",
    "tls_1_0_cipher_suites": "TLS 1.0",
    "tls_1_1_cipher_suites": "TLS 1.1",
    "tls_1_2_cipher_suites": "TLS 1.2",
    "tls_1_3_cipher_suites": "TLS 1.3",
}
_FLAGS = {
    "tls_compression": ("supports_compression", "compression"),
    "tls_1_3_early_data": ("supports_early_data", "early_data"),
    "tls_fallback_scsv": ("supports_fallback_scsv", "fallback_scsv"),
    "session_renegotiation": ("supports_secure_renegotiation", "secure_renegotiation"),
    "tls_extended_master_secret": ("supports_ems_extension", "extended_master_secret"),
}
_CURVES = {"prime256v1": "secp256r1", "prime192v1": "secp192r1"}
_UNASKED = {  # IANA 2010; sslyze's OpenSSL does not have them
    "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA256",
    "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256",
}
_NOT_A_CURVE = re.compile("ffdhe|MLKEM", re.IGNORECASE)

Found = tuple[str, bool, str]
"""A fact, whether it is as bad as a failure of the run, and how the two differ."""


def compare(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[Found]:
    """Yield every difference; True marks one that has no reason."""
    for key, attempt in theirs["scan_result"].items():
        if attempt["status"] != "COMPLETED":
            if key not in NOT_COMPARED:
                yield key, True, f"sslyze did not finish: {attempt['error_reason']}"
        elif key in _VERSIONS:
            yield from _suites(ours, _VERSIONS[key], attempt["result"])
        elif key in _FLAGS:
            yield from _flag(ours["facts"], key, attempt["result"])
        elif key == "elliptic_curves":
            yield from _curves(ours, attempt["result"])
        elif key == "certificate_info":
            yield from _chains(ours, attempt["result"])
        elif key not in NOT_COMPARED:
            yield key, True, "nothing of ours is compared with it"
    asked = theirs["connectivity_result"]["client_auth_requirement"] != "DISABLED"
    if asked is not ours["facts"]["client_certificate"]:
        yield "client certificate", True, f"sslyze {asked}"


def _suites(ours: Mapping[str, Any], version: str, result: Mapping[str, Any]) -> Iterator[Found]:
    theirs = {one["cipher_suite"]["name"] for one in result["accepted_cipher_suites"]}
    mine = set(ours["suites"][version])
    if missing := theirs - mine:
        yield version, True, f"only sslyze: {sorted(missing)}"
    if more := mine - theirs:
        reason = ": sslyze cannot ask for them" if more <= _UNASKED else ""
        yield version, not reason, f"only posture{reason}: {sorted(more)}"


def _flag(facts: Mapping[str, Any], key: str, result: Mapping[str, Any]) -> Iterator[Found]:
    theirs, mine = result[_FLAGS[key][0]], facts[_FLAGS[key][1]]
    if theirs == mine:
        return
    if mine is None and not theirs:
        yield key, False, "sslyze says no where nothing was shown; posture says nothing"
    elif key == "tls_fallback_scsv" and mine is None:
        yield key, False, "moot with one version"
    else:
        yield key, True, f"posture {mine}, sslyze {theirs}"


def _curves(ours: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[Found]:
    names = [one["name"] for one in result["supported_curves"] or ()]
    theirs = {_CURVES.get(name, name).lower() for name in names}
    mine = {name.lower(): name for name in ours["groups"]}
    if missing := theirs - mine.keys():
        yield "groups", True, f"only sslyze: {sorted(missing)}"
    more = {mine[name] for name in mine.keys() - theirs}
    if more:
        reason = ": sslyze asks for curves only" if all(map(_NOT_A_CURVE.search, more)) else ""
        yield "groups", not reason, f"only posture{reason}: {sorted(more)}"


def _chains(ours: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[Found]:
    theirs = {
        tuple(_digest(one["as_pem"]) for one in deployment["received_certificate_chain"])
        for deployment in result["certificate_deployments"]
    }
    if theirs != {tuple(chain) for chain in ours["chains"]}:
        yield "chains", True, "not the same certificates"


def _digest(pem: str) -> str:
    inside = "".join(line for line in pem.splitlines() if not line.startswith("-"))
    return hashlib.sha256(base64.b64decode(inside)).hexdigest()
