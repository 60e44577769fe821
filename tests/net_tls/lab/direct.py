"""Servers that speak TLS from the first octet on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.daemons import Daemon, done
from tests.net_tls.lab import truth
from tests.net_tls.lab.real import (
    ALL_OF_TLS,
    CURRENT,
    NO_ECDSA,
    PORT,
    Known,
    Site,
    daemon,
    names,
)

NODES = Path(__file__).resolve().parents[3] / "build" / "peers-tls"
"""Where ``tools/tls_peers.sh`` puts what Debian does not have."""
MODERN = ":".join(
    f"ECDHE-{kind}-{cipher}"
    for kind in ("ECDSA", "RSA")
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
)
EVERYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
MIXED = "ECDHE+AESGCM:DHE+AESGCM:ECDHE-RSA-AES128-SHA:AES256-SHA:CAMELLIA128-SHA:@SECLEVEL=0"


@dataclass(frozen=True, kw_only=True)
class Nginx:
    """An nginx in the words of its configuration."""

    protocols: str
    ciphers: str
    curves: str
    dh: bool = False
    more: str = ""
    kinds: tuple[str, ...] = ("rsa", "ecdsa")

    def __call__(self, site: Site) -> Daemon:
        """Write nginx.conf."""
        pairs = [getattr(site.keys, kind) for kind in self.kinds]
        lines = [f"ssl_certificate {pair.chain}; ssl_certificate_key {pair.key};" for pair in pairs]
        if self.dh:
            lines.append(f"ssl_dhparam {parameters(site)};")
        lines.append(self.more.format(keys=site.keys))
        path = site.folder / "nginx.conf"
        text = _NGINX.format(site=site, port=PORT, nginx=self, lines="\n".join(lines))
        path.write_text(text)
        return daemon(site, "nginx", "-c", str(path), "-p", str(site.folder), "-e", "stderr")


_NGINX = """
daemon off; master_process off; pid {site.folder}/pid; error_log stderr error;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {site.folder}/body; proxy_temp_path {site.folder}/proxy;
    fastcgi_temp_path {site.folder}/fastcgi; uwsgi_temp_path {site.folder}/uwsgi;
    scgi_temp_path {site.folder}/scgi;
    server {{
        listen {site.address}:{port} ssl backlog=4096;
        ssl_protocols {nginx.protocols}; ssl_ciphers {nginx.ciphers};
        ssl_ecdh_curve {nginx.curves};
        {lines}
        return 204;
    }}
}}
"""


def parameters(site: Site) -> Path:
    """Write the 2048-bit group of RFC 7919."""
    path = site.folder / "dh.pem"
    options = ("-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", str(path))
    done("openssl", "genpkey", "-genparam", *options)
    return path


def modern() -> Known:
    return Known(
        suites=truth.openssl(MODERN, *CURRENT),
        groups=names("x25519", "secp256r1", "secp384r1"),
        curves=names("x25519", "secp256r1", "secp384r1"),
        chains=names("rsa", "ecdsa"),
    )


def everything() -> Known:
    return Known(
        suites=truth.openssl(EVERYTHING, *ALL_OF_TLS),
        groups=names("x25519", "secp521r1", "ffdhe2048"),
        curves=names("x25519", "secp521r1"),
        chains=names("rsa", "ecdsa"),
    )


def only13() -> Known:
    return Known(
        suites=truth.openssl("ALL", "TLS 1.3"), groups=names("x25519"), chains=names("ecdsa")
    )


def wanting() -> Known:
    return Known(
        suites=truth.openssl(MODERN, *CURRENT, without=NO_ECDSA),
        groups=names("x25519", "x448"),
        curves=names("x25519", "x448"),
        asks=True,
    )


def s_server(site: Site) -> Daemon:
    pair = site.keys.rsa
    return daemon(
        site,
        *("openssl", "s_server", "-accept", f"{site.address}:{PORT}", "-quiet"),
        *("-cert", str(pair.chain), "-cert_chain", str(site.keys.middle), "-key", str(pair.key)),
        *("-cipher", MIXED, "-groups", "P-384:ffdhe3072", "-no_tls1", "-www"),
        *("-ciphersuites", "TLS_AES_128_CCM_SHA256:TLS_AES_256_GCM_SHA384"),
    )


def known_s_server() -> Known:
    suites = truth.openssl(MIXED, "TLS 1.1", "TLS 1.2", without=NO_ECDSA)
    return Known(
        suites={
            **suites,
            "TLS 1.3": truth.named(["TLS_AES_128_CCM_SHA256", "TLS_AES_256_GCM_SHA384"]),
        },
        groups=names("secp384r1", "ffdhe3072"),
        curves=names("secp384r1"),
    )


GNUTLS = (
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:+VERS-TLS1.0:"
    "+ARCFOUR-128:+3DES-CBC:+ANON-DH:+ANON-ECDH"
)
"""Without TLS 1.1: to a hello of that, GnuTLS answers alert 70 instead of choosing 1.0."""


def gnutls_serv(site: Site) -> Daemon:
    keys = site.keys
    pairs = [
        option
        for pair in (keys.rsa, keys.ecdsa)
        for option in ("--x509certfile", str(pair.chain), "--x509keyfile", str(pair.key))
    ]
    where = ("--port", str(site.port), "--quiet", "--http", "--disable-client-cert", "--noticket")
    return daemon(site, "gnutls-serv", "--priority", GNUTLS, *where, *pairs)


def known_gnutls() -> Known:
    suites, groups = truth.gnutls(GNUTLS)
    curves = frozenset(name for name in groups if "ffdhe" not in name)
    return Known(suites=suites, groups=groups, curves=curves, chains=names("rsa", "ecdsa"))


NODE24 = str(NODES / "node-24" / "bin" / "node")
NODE010 = str(NODES / "node-0.10.28" / "bin" / "node")
HYBRIDS = "X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024:X25519:P-256"
SCRIPT24 = """
const tls = require('tls'), fs = require('fs');
const [address, port, cert, key] = process.argv.slice(2);
tls.createServer({{
  cert: fs.readFileSync(cert), key: fs.readFileSync(key), ecdhCurve: '{hybrids}',
  ciphers: 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:{ciphers}',
  minVersion: 'TLSv1.2',
}}, s => s.on('error', () => 0)).on('tlsClientError', () => 0).listen(+port, address, 4096);
"""
SCRIPT010 = """
var tls = require('tls'), fs = require('fs'), argv = process.argv;
var server = tls.createServer({{
  cert: fs.readFileSync(argv[4]), key: fs.readFileSync(argv[5]),
  ciphers: '{ciphers}', secureProtocol: 'SSLv23_method',
}}, function (s) {{ s.on('error', function () {{}}); }});
server.on('clientError', function () {{}}).listen(+argv[3], argv[2], 511);
"""


def node(program: str, script: str, pair: str = "rsa", **values: str) -> Callable[[Site], Daemon]:
    """Have a Node run a server that fills in ``values``."""

    def prepared(site: Site) -> Daemon:
        path = site.folder / "server.js"
        path.write_text(script.format(**values))
        used = getattr(site.keys, pair)
        where = (site.address, str(PORT), str(used.chain), str(used.key))
        return daemon(site, program, str(path), *where)

    return prepared


def known_node24() -> Known:
    suites = truth.openssl(MODERN, "TLS 1.2", without=NO_ECDSA)
    two = truth.named(["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
    hybrids = names("X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024")
    return Known(
        suites={**suites, "TLS 1.3": two},
        groups=hybrids | {"x25519", "secp256r1"},
        curves=names("x25519", "secp256r1"),
    )


ANCIENT: Mapping[str, str] = {
    # OpenSSL 1.0.1's own names, ciphers(1), and those of RFC 2246 §A.5 and its draft for EXPORT.
    "RC4-MD5": "TLS_RSA_WITH_RC4_128_MD5",
    "RC4-SHA": "TLS_RSA_WITH_RC4_128_SHA",
    "EXP-RC4-MD5": "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
    "EXP-RC2-CBC-MD5": "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5",
    "EXP-DES-CBC-SHA": "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA",
    "DES-CBC-SHA": "TLS_RSA_WITH_DES_CBC_SHA",
    "DES-CBC3-SHA": "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "IDEA-CBC-SHA": "TLS_RSA_WITH_IDEA_CBC_SHA",
    "SEED-SHA": "TLS_RSA_WITH_SEED_CBC_SHA",
    "CAMELLIA128-SHA": "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA",
    "AES128-SHA": "TLS_RSA_WITH_AES_128_CBC_SHA",
    "NULL-MD5": "TLS_RSA_WITH_NULL_MD5",
}
ANCIENT12: Mapping[str, str] = {
    "AES256-SHA256": "TLS_RSA_WITH_AES_256_CBC_SHA256",
    "AES128-GCM-SHA256": "TLS_RSA_WITH_AES_128_GCM_SHA256",
}
UNUSABLE = "ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-SHA"
"""Node 0.10 sets neither a curve nor DH parameters."""
ANCIENT2: Mapping[str, str] = {
    "DES-CBC3-MD5": "SSL_CK_DES_192_EDE3_CBC_WITH_MD5",
    "RC2-CBC-MD5": "SSL_CK_RC2_128_CBC_WITH_MD5",
    "DES-CBC-MD5": "SSL_CK_DES_64_CBC_WITH_MD5",
    "IDEA-CBC-MD5": "SSL_CK_IDEA_128_CBC_WITH_MD5",
}
BOTH2 = (  # names that OpenSSL has for a suite of SSL 2.0 as well
    "SSL_CK_RC4_128_WITH_MD5",
    "SSL_CK_RC4_128_EXPORT40_WITH_MD5",
    "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5",
)


def known_node010() -> Known:
    old = truth.named(ANCIENT.values())
    return Known(
        suites={
            "SSL 2.0": truth.named([*ANCIENT2.values(), *BOTH2]),
            "SSL 3.0": old,
            "TLS 1.0": old,
            "TLS 1.1": old,
            "TLS 1.2": old | truth.named(ANCIENT12.values()),
        },
        chains=names("export"),
    )


def openssl010(*lists: Mapping[str, str]) -> str:
    return ":".join([*(name for one in lists for name in one), UNUSABLE])
