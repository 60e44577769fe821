"""What was found among the files that people leave on web sites."""

from enum import StrEnum

from posture.model import Reason, fact, record


class FileKind(StrEnum):
    """What a file is, told by how it begins."""

    GIT = "Git repository"
    SUBVERSION = "Subversion working copy"
    SETTINGS = "settings file"
    PHP = "copy of a PHP program"
    ARCHIVE = "archive"
    DATABASE = "database dump"
    FOLDER = "folder index of a Mac"
    STATUS = "status page of the server"
    LISTING = "listing of a folder"


@record
class SiteFile:
    """One file that was asked for. Nothing of what is in it is kept."""

    path: str
    kind: FileKind
    digest: str = ""
    """First 16 hexadecimal digits of the SHA-256 of its first octets, 64 at most; empty where it
    was not seen."""


@fact("web.files")
class FileSearch:
    """What a site gave out when it was asked for files by their usual names."""

    url: str
    """The front page."""
    requests: int
    """How many GETs were sent."""
    usual: int = 0
    """Status of the answer to a name that nobody has; 0 without an answer."""
    found: tuple[SiteFile, ...] = ()
    """Begin as such a file does, where a name beside it that nobody has does not."""
    unclear: tuple[SiteFile, ...] = ()
    """Neither seen to be there nor seen not to be."""
    elsewhere: str = ""
    """The other host to which every request is sent on."""
    blocked: bool = False
    """Names that nobody has are turned away, too, so a refusal means nothing."""
    shifted: bool = False
    """In the end the same kind of request was answered differently from in the beginning."""
    stopped: Reason | None = None
    """Why the search was broken off."""
