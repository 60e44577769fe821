"""Domains with every mistake that a change of DNS records mends, and who sends in their names."""

from __future__ import annotations

from posture.demo.keys import RSA_1024, RSA_2048
from tests.lab.messages import Message

OWN, NEWSLETTER, UNLISTED = "203.0.113.10", "203.0.113.66", "203.0.113.200"
"""The domain's own server, a service's that signs in its name, one that no record lists."""
KEY = f"s1._domainkey TXT v=DKIM1; k=rsa; p={RSA_2048}"
SPF = f"v=spf1 ip4:{OWN} -all"
CAA = '@ CAA 0 issue "letsencrypt.org"'
MX = "@ MX 10 mx1.host.example."


def _dmarc(domain: str, tags: str = "p=reject") -> str:
    return f"_dmarc TXT v=DMARC1; {tags}; rua=mailto:dmarc@{domain}"


def _firm(name: str, **changed: str | tuple[str, ...]) -> list[str]:
    """A domain in order, but for what is given; an empty word leaves that part out."""
    parts: dict[str, str | tuple[str, ...]] = {
        "spf": f"@ TXT {SPF}",
        "dmarc": _dmarc(f"{name}.example"),
        "key": KEY,
        "caa": CAA,
        "mx": MX,
        **changed,
    }
    rows = [(part,) if isinstance(part, str) else part for part in parts.values()]
    return [line for row in rows for line in row if line]


def _spf(*terms: str) -> str:
    return f"@ TXT v=spf1 {' '.join(terms)}"


_MANY = [f"include:_s{number}.host.example" for number in range(9)]

_FIRMS: dict[str, list[str]] = {
    "sound": _firm("sound"),
    "spf-none": _firm("spf-none", spf=""),
    "spf-two": _firm("spf-two", spf=(f"@ TXT {SPF}", _spf("include:_spf.mailer.example", "~all"))),
    "spf-typo": _firm("spf-typo", spf=_spf(f"ipv4:{OWN}", "include:_spf.mailer.example", "-all")),
    "spf-gone": _firm("spf-gone", spf=_spf(f"ip4:{OWN}", "include:_spf.closed.example", "-all")),
    "spf-deep": _firm("spf-deep", spf=_spf(f"ip4:{OWN}", "include:_spf.careless.example", "-all")),
    "spf-many": _firm("spf-many", spf=_spf(f"ip4:{OWN}", *_MANY, "mx", _MANY[0], _MANY[1], "-all")),
    "spf-void": _firm("spf-void", spf=_spf(*(f"a:v{n}.closed.example" for n in range(3)),
                                           f"ip4:{OWN}", "-all")),
    "spf-loop": _firm("spf-loop", spf=_spf(f"ip4:{OWN}", "include:spf-loop.example", "-all")),
    "spf-circle": _firm("spf-circle", spf=_spf(f"ip4:{OWN}", "include:_spf.circle.example",
                                               "-all")),
    "spf-all": _firm("spf-all", spf=_spf(f"ip4:{OWN}", "+all")),
    "spf-loose": _firm("spf-loose", spf=_spf(f"ip4:{OWN}", "+all")),
    "spf-open": _firm("spf-open", spf=_spf(f"ip4:{OWN}", "include:_spf.open.example", "-all")),
    "spf-end": _firm("spf-end", spf=_spf(f"ip4:{OWN}", "?all")),
    "spf-idle": _firm("spf-idle", spf=_spf(f"ip4:{OWN}", *_MANY[:8], "include:servers.mcsv.net",
                                           "-all"),
                      more="k2._domainkey CNAME dkim2.mcsv.net."),
    "spf-hasty": _firm("spf-hasty", spf=_spf(f"ip4:{OWN}", *_MANY[:8], "include:servers.mcsv.net",
                                             "-all")),
    "dmarc-none": _firm("dmarc-none", dmarc=""),
    "dmarc-two": _firm("dmarc-two", dmarc=(_dmarc("dmarc-two.example"),
                                           "_dmarc TXT v=DMARC1; p=none")),
    "dmarc-void": _firm("dmarc-void", dmarc="_dmarc TXT v=DMARC1; p=rejekt"),
    "dmarc-watch": _firm("dmarc-watch", dmarc=_dmarc("dmarc-watch.example", "p=none")),
    "dmarc-bare": _firm("dmarc-bare", dmarc="_dmarc TXT v=DMARC1; p=none"),
    "dmarc-trial": _firm("dmarc-trial", dmarc=_dmarc("dmarc-trial.example", "p=quarantine; t=y")),
    "dmarc-sub": _firm("dmarc-sub", dmarc=_dmarc("dmarc-sub.example", "p=reject; sp=none")),
    "dmarc-part": _firm("dmarc-part", dmarc=_dmarc("dmarc-part.example", "p=quarantine; pct=20")),
    "dmarc-silent": _firm("dmarc-silent", dmarc="_dmarc TXT v=DMARC1; p=reject"),
    "dmarc-refused": _firm("dmarc-refused", dmarc=_dmarc("closed.example")),
    "dmarc-early": _firm("dmarc-early", dmarc=_dmarc("dmarc-early.example", "p=none"),
                         spf=_spf(f"ip4:{OWN}", "include:_spf.mailer.example", "-all")),
    "cover": [
        *_firm("cover", dmarc="", spf="@ TXT v=spf1 -all", mx="@ MX 0 .", key=""),
        *(f"{name}.shop {rest}" if name != "@" else f"shop {rest}"
          for name, _, rest in (line.partition(" ") for line in _firm("shop.cover"))),
    ],
    "dkim-test": _firm("dkim-test", key=f"s1._domainkey TXT v=DKIM1; t=y:s; p={RSA_2048}"),
    "dkim-hash": _firm("dkim-hash", more=f"s2._domainkey TXT v=DKIM1; h=sha1; p={RSA_2048}"),
    "dkim-who": _firm("dkim-who", more=f"s2._domainkey TXT v=DKIM1; g=info; p={RSA_2048}"),
    "dkim-lost": _firm("dkim-lost", more="s2._domainkey CNAME s2.closed.example."),
    "mx-alias": _firm("mx-alias", mx=("@ MX 10 mail.mx-alias.example.",
                                      "mail CNAME mx1.host.example.")),
    "mx-number": _firm("mx-number", mx="@ MX 10 203.0.113.25."),
    "mx-gone": _firm("mx-gone", mx=(MX, "@ MX 20 old.mx-gone.example.")),
    "mx-mixed": _firm("mx-mixed", mx=(MX, "@ MX 0 .")),
    "mx-none": _firm("mx-none", mx=""),
    "mx-closed": _firm("mx-closed", mx="@ MX 0 ."),
    "mx-round": _firm("mx-round", mx=("@ MX 10 in.mimecast.com.",
                                      "@ MX 20 round.mail.protection.outlook.com.")),
    "mx-past": _firm("mx-past", mx=("@ MX 10 in.mimecast.com.", "@ MX 20 smtp.google.com.")),
    "dkim-half": _firm("dkim-half", mx="@ MX 10 in1-smtp.messagingengine.com.",
                       spf=_spf(f"ip4:{OWN}", "include:spf.messagingengine.com", "-all")),
    "caa-none": _firm("caa-none", caa=""),
    "caa-mail": _firm("caa-mail", caa='@ CAA 0 iodef "mailto:it@caa-mail.example"'),
    "refs": _firm("refs", more=("www CNAME shop.vanished.example.",
                                "@ MX 30 mx.vanished.example.")),
    "parked-bare": [],
    "parked-soft": ["@ TXT v=spf1 ~all", "_dmarc TXT v=DMARC1; p=none", CAA],
}  # fmt: skip
PARKED = ("parked-bare", "parked-soft")
WEAK = ("dkim-short", "dkim-none", "spf-wide", "spf-wants")
"""What no record that we could print would mend."""
_FIRMS |= {
    "dkim-short": _firm("dkim-short", key=f"s1._domainkey TXT v=DKIM1; k=rsa; p={RSA_1024}"),
    "dkim-none": _firm("dkim-none", key=""),
    "spf-wide": _firm("spf-wide", spf=_spf("ip4:0.0.0.0/1", "-all")),
    "spf-wants": _firm("spf-wants", spf=_spf(*_MANY, "a:b0.host.example", "a:b1.host.example",
                                             "-all")),
}  # fmt: skip

_HOST = [
    "mx1 A 203.0.113.30",
    *(f"_s{number} TXT v=spf1 ip4:198.51.100.{number} ~all" for number in range(9)),
    "b0 A 203.0.113.31",
    "b1 A 203.0.113.32",
]
ZONES: dict[str, list[str]] = {
    "example": [],
    "regional": ["_dmarc TXT v=DMARC1; p=none; rua=mailto:dmarc@reports.regional"],
    "firm.regional": _firm(
        "firm", dmarc="_dmarc TXT v=DMARC1; p=reject; rua=mailto:d@firm.regional"
    ),
    "com": [],
    "google.com": ["smtp A 203.0.113.40"],
    "mimecast.com": ["in A 203.0.113.41"],
    "outlook.com": ["round.mail.protection A 203.0.113.42"],
    "messagingengine.com": ["in1-smtp A 203.0.113.43", "spf TXT v=spf1 ip4:203.0.113.43 ?all"],
    "fmhosted.com": [
        f"fm{number}.dkim-half.example.dkim TXT v=DKIM1; k=rsa; p={RSA_2048}"
        for number in (1, 2, 3)
    ],
    "net": [],
    "mcsv.net": [
        "servers TXT v=spf1 ip4:198.51.100.64/26 ?all",
        f"dkim2 TXT v=DKIM1; k=rsa; p={RSA_2048}",
    ],
    "host.example": _HOST,
    "mailer.example": [KEY, "_spf TXT v=spf1 ip4:203.0.113.64/26 ~all"],
    "closed.example": ["@ A 203.0.113.50"],
    "careless.example": ["_spf TXT v=spf1 include:_gone.careless.example ~all"],
    "circle.example": ["_spf TXT v=spf1 include:_spf.circle.example ~all"],
    "open.example": ["_spf TXT v=spf1 +all"],
    **{f"{name}.example": lines for name, lines in _FIRMS.items()},
}
AUDITED = [*(f"{name}.example" for name in _FIRMS), "shop.cover.example", "firm.regional"]
SENDING = [name for name in AUDITED if name.partition(".")[0] not in {*PARKED, "cover"}]


def senders() -> dict[str, list[Message]]:
    """What is sent in each domain's name, by whom its owner asked to."""
    found = {
        name: [
            Message(ip=OWN, mail_from=f"office@{name}", header_from=name),
            Message(ip=OWN, mail_from=f"office@{name}", header_from=name,
                    signed=((name, "s1", RSA_2048),)),
            Message(ip=NEWSLETTER, mail_from="bounce@mailer.example", header_from=name,
                    signed=((name, "s1", RSA_2048),)),
            Message(ip=UNLISTED, mail_from=f"shop@{name}", header_from=name,
                    signed=(("host.example", "x", ""), (name, "s1", RSA_2048))),
        ]
        for name in SENDING
    }  # fmt: skip
    found["dmarc-early.example"] += [early(signs=False)]
    loose = "spf-loose.example"
    found[loose] += [Message(ip=UNLISTED, mail_from=f"till@{loose}", header_from=loose)]
    return found


def early(*, signs: bool) -> Message:
    """Tell how a service's mail looks before and after it was set up to sign for the domain."""
    return Message(
        ip="203.0.113.67",
        mail_from="invoices@mailer.example",
        header_from="dmarc-early.example",
        signed=(
            ("mailer.example", "s1", RSA_2048),
            *((("dmarc-early.example", "m1", RSA_2048),) if signs else ()),
        ),
    )
