"""What a web site does with a visit: how it is reached, what its front page lets happen."""

from posture.model import Area

from . import (
    collect_files,
    collect_http,
    collect_page,
    collect_security_txt,
    content,
    cookies,
    csp,
    disclosure,
    headers,
    hsts,
    https,
    left_behind,
    preload,
    supported,
)

AREA = Area(
    name="web",
    title="Web site",
    package=__name__,
    collectors=(
        collect_http.port,
        collect_http.plain,
        collect_http.secure,
        collect_page.page,
        collect_security_txt.notice,
        collect_files.files,
    ),
    checks=(
        https.redirected,
        hsts.present,
        preload.preload,
        headers.nosniff,
        headers.framing,
        headers.referrer,
        csp.effective,
        cookies.secure,
        cookies.hidden,
        cookies.samesite,
        content.encrypted,
        content.forms_encrypted,
        content.integrity,
        disclosure.valid,
        supported.supported,
        left_behind.private,
        left_behind.contents,
    ),
)
