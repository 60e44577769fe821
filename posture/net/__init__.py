"""How to talk: every socket, HTTP request and process goes through this package.

Limits, total time, size caps and the authorised scope are enforced here, once, for all plugins.
"""

from posture.net.direct import Statement, Transfer
from posture.net.dns import Absent, Answer, Resolver
from posture.net.message import Query
from posture.net.process import Completed
from posture.net.root import GENTLE, Net, NetConfig, NetRoot
from posture.net.tcp import PortState, Stream
from posture.net.trust import CertificateError, TrustAnchors

__all__ = [
    "GENTLE",
    "Absent",
    "Answer",
    "CertificateError",
    "Completed",
    "Net",
    "NetConfig",
    "NetRoot",
    "PortState",
    "Query",
    "Resolver",
    "Statement",
    "Stream",
    "Transfer",
    "TrustAnchors",
]
