"""Servers that are asked for TLS in their own protocol."""

import shutil
from pathlib import Path

from tests.lab.daemons import Daemon, done, program
from tests.net_tls.lab import truth
from tests.net_tls.lab.real import (
    ALL_OF_TLS,
    CURRENT,
    NO_DH,
    NO_ECDSA,
    PORT,
    Known,
    Site,
    daemon,
    names,
)

DOVECOT = "ECDHE+AESGCM:DHE-RSA-AES128-GCM-SHA256:AES128-SHA256"


def dovecot(site: Site) -> Daemon:
    path = site.folder / "dovecot.conf"
    path.write_text(_DOVECOT.format(site=site, port=PORT, ciphers=DOVECOT))
    return daemon(site, "dovecot", "-F", "-c", str(path))


_DOVECOT = """
base_dir = {site.folder}/base
state_dir = {site.folder}/state
log_path = /dev/stderr
protocols = imap
ssl = required
ssl_cert = <{site.keys.rsa.chain}
ssl_key = <{site.keys.rsa.key}
ssl_min_protocol = TLSv1.2
ssl_cipher_list = {ciphers}
ssl_curve_list = X25519:P-256
disable_plaintext_auth = yes
passdb {{
  driver = static
  args = nopassword=no password=none
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service imap-login {{
  service_count = 0
  process_min_avail = 1
  inet_listener imap {{
    address = {site.address}
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


def known_dovecot() -> Known:
    return Known(
        suites=truth.openssl(DOVECOT, *CURRENT, without=f"{NO_DH}|{NO_ECDSA}"),
        groups=names("x25519", "secp256r1"),
        curves=names("x25519", "secp256r1"),
    )


POSTFIX = "ECDHE+CHACHA20:ECDHE+AESGCM:DHE-RSA-AES256-GCM-SHA384:ADH-AES128-SHA:@SECLEVEL=0"


def postfix(site: Site) -> Daemon:
    config = site.folder / "postfix"
    for path in (config, config / "spool", config / "data"):
        path.mkdir()
    shutil.chown(config / "data", "postfix")
    text = _POSTFIX.format(config=config, site=site, ciphers=POSTFIX)
    (config / "main.cf").write_text(text)
    services = (
        f"{site.address}:{PORT} inet n - n - - smtpd",
        "tlsmgr unix - - n 1000? 1 tlsmgr",
        "anvil unix - - n - 1 anvil",
        "rewrite unix - - n - - trivial-rewrite",
        "postlog unix-dgram n - n - 1 postlogd",
        "",
    )
    (config / "master.cf").write_text("\n".join(services))
    done("postfix", "-c", str(config), "check")  # makes the queue directories
    master = done("postconf", "-c", str(config), "-h", "daemon_directory").strip() + "/master"
    return daemon(site, master, "-s", "-c", str(config))


_POSTFIX = """
compatibility_level = 3.6
queue_directory = {config}/spool
data_directory = {config}/data
maillog_file = /dev/stdout
inet_protocols = ipv4
inet_interfaces = 127.0.0.1
myhostname = www.example.com
mynetworks =
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
smtpd_peername_lookup = no
smtpd_tls_security_level = may
smtpd_tls_protocols = >=TLSv1
smtpd_tls_chain_files = {site.keys.rsa.both}, {site.keys.ecdsa.both}
smtpd_tls_ciphers = medium
tls_medium_cipherlist = {ciphers}
tls_eecdh_auto_curves = X25519 prime256v1
"""


def known_postfix() -> Known:
    return Known(
        suites=truth.openssl(POSTFIX, *ALL_OF_TLS),
        groups=names("x25519", "secp256r1"),
        curves=names("x25519", "secp256r1"),
        chains=names("rsa", "ecdsa"),
    )


VSFTPD = "ECDHE-RSA-AES256-GCM-SHA384:AES128-GCM-SHA256:AES256-SHA:@SECLEVEL=0"


def vsftpd(site: Site) -> Daemon:
    (site.folder / "empty").mkdir()
    path = site.folder / "vsftpd.conf"
    path.write_text(_VSFTPD.format(site=site, port=PORT, ciphers=VSFTPD))
    return daemon(site, "vsftpd", str(path))


_VSFTPD = """
listen=YES
background=NO
listen_address={site.address}
listen_port={port}
max_per_ip=0
secure_chroot_dir={site.folder}/empty
vsftpd_log_file={site.folder}/ftp.log
seccomp_sandbox=NO
ssl_enable=YES
ssl_tlsv1=YES
ssl_ciphers={ciphers}
rsa_cert_file={site.keys.rsa.chain}
rsa_private_key_file={site.keys.rsa.key}
"""


def known_vsftpd() -> Known:
    return Known(
        suites=truth.openssl(VSFTPD, *ALL_OF_TLS),
        groups=names("secp256r1"),
        curves=names("secp256r1"),
        asks=True,  # ssl_request_cert is YES unless said otherwise, vsftpd.conf(5)
    )


SLAPD = (
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP384R1:-RSA:-DHE-RSA"
)


def slapd(site: Site) -> Daemon:
    path = site.folder / "slapd.conf"
    path.write_text(_SLAPD.format(site=site, priority=SLAPD))
    where = f"ldap://{site.address}:{PORT}"
    return daemon(site, "slapd", "-f", str(path), "-h", where, "-d", "0")


_SLAPD = """
pidfile {site.folder}/slapd.pid
TLSCertificateFile {site.keys.rsa.chain}
TLSCertificateKeyFile {site.keys.rsa.key}
TLSCipherSuite {priority}
TLSVerifyClient never
database config
"""


def known_slapd() -> Known:
    suites, groups = truth.gnutls(SLAPD)
    plain = {
        version: frozenset(s for s in found if not ecdsa(s)) for version, found in suites.items()
    }
    return Known(suites=plain, groups=groups, curves=groups)


def ecdsa(suite: int) -> bool:
    return "_ECDSA_" in truth.name(suite)


POSTGRES = "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:AES256-SHA:@SECLEVEL=0"


def postgres(site: Site) -> Daemon:
    data = site.folder / "data"
    site.folder.chmod(0o755)
    data.mkdir()
    key = data / "server.key"
    shutil.copyfile(site.keys.rsa.key, key)
    shutil.copyfile(site.keys.rsa.chain, data / "server.crt")
    for path in (data, key, data / "server.crt"):
        shutil.chown(path, "postgres")
        path.chmod(0o700 if path == data else 0o600)
    base = data / "base"
    done(*_AS_POSTGRES, _postgres("initdb"), "-D", str(base), "--no-sync", "--auth=reject")
    settings = {
        "listen_addresses": site.address,
        "port": str(PORT),
        "unix_socket_directories": "",
        "ssl": "on",
        "ssl_cert_file": str(data / "server.crt"),
        "ssl_key_file": str(key),
        "ssl_ciphers": POSTGRES,
        "ssl_ecdh_curve": "secp384r1",
        "ssl_min_protocol_version": "TLSv1.1",
        "fsync": "off",
    }
    options = [option for item in settings.items() for option in ("-c", "=".join(item))]
    return daemon(site, *_AS_POSTGRES, _postgres("postgres"), "-D", str(base), *options)


_AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--")


def _postgres(name: str) -> str:
    """Debian keeps them off everybody's path, by version."""
    return str(Path(program("postgres") or "").resolve().with_name(name))


def known_postgres() -> Known:
    return Known(
        suites=truth.openssl(POSTGRES, "TLS 1.1", "TLS 1.2", "TLS 1.3"),
        groups=names("secp384r1"),
        curves=names("secp384r1"),
    )
