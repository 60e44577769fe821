"""The checks of files that people leave on web sites, and of what a server tells of itself."""

from collections.abc import Collection
from dataclasses import replace

from posture.model import Evidence, Reason, Verdict, check, failed, not_applicable, passed, unknown

from .file_facts import FileKind, FileSearch, SiteFile

_SECRETS = {
    FileKind.GIT,
    FileKind.SUBVERSION,
    FileKind.SETTINGS,
    FileKind.PHP,
    FileKind.ARCHIVE,
    FileKind.DATABASE,
}
"""What holds source code, passwords or records."""


@check("web.files.private")
def private(search: FileSearch) -> Verdict:
    """The web site gives nobody its source code, its settings or its backups."""
    return _judged(search, _SECRETS)


@check("web.files.contents")
def contents(search: FileSearch) -> Verdict:
    """The web site lists no folders and shows no status page."""
    return _judged(search, set(FileKind) - _SECRETS)


def _judged(search: FileSearch, kinds: Collection[FileKind]) -> Verdict:
    found = [file for file in search.found if file.kind in kinds]
    unclear = [file for file in search.unclear if file.kind in kinds]
    if found:
        verdict = failed("found", fix="close", paths=_paths(found), kinds=_kinds(found))
    elif search.elsewhere:
        verdict = not_applicable("elsewhere", host=search.elsewhere)
    else:
        verdict = _without(search, unclear)
    evidence = [_evidence(search, file) for file in found or unclear]
    observed = _paths(found) if found else f"{search.usual} for a name nobody has"
    return replace(
        verdict,
        evidence=tuple(evidence) or (_summary(search),),
        observed=observed,
        expected="none of them",
    )


def _without(search: FileSearch, unclear: list[SiteFile]) -> Verdict:
    """Nothing was found: that counts only where everything was asked for, and answered."""
    if search.blocked:
        return unknown("blocked", reason=Reason.DENIED, status=search.usual)
    if search.stopped:
        return unknown("stopped", reason=search.stopped, requests=search.requests)
    if search.shifted:
        return unknown("shifted", reason=Reason.INCONCLUSIVE, requests=search.requests)
    if unclear:
        return unknown("unclear", reason=Reason.INCONCLUSIVE, paths=_paths(unclear))
    return passed("ok")


def _paths(files: list[SiteFile]) -> str:
    return ", ".join(file.path for file in files)


def _kinds(files: list[SiteFile]) -> str:
    return ", ".join(dict.fromkeys(file.kind.value for file in files))


def _evidence(search: FileSearch, file: SiteFile) -> Evidence:
    digest = f", SHA-256 of its beginning {file.digest}…" if file.digest else ", no answer"
    return Evidence(
        source=f"GET {search.url.removesuffix('/')}{file.path}", record=file.kind.value + digest
    )


def _summary(search: FileSearch) -> Evidence:
    record = f"{search.requests} requests, {search.usual} for a name that nobody has"
    return Evidence(source=f"GET {search.url}…", record=record)
