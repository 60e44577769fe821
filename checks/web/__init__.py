"""What a web site does with a first visit: from plain HTTP to HTTPS, and back again later."""

from posture.model import Area

from . import collect_http, hsts, https

AREA = Area(
    name="web",
    title="Web site",
    package=__name__,
    collectors=(collect_http.port, collect_http.plain, collect_http.secure),
    checks=(https.redirected, hsts.present),
)
