"""Which of the things that a store lists belong to the source: filters, and the one archive that is unpacked."""

from dataclasses import dataclass

from reconciler.adapters.sources.archives import is_archive, unwrapped
from reconciler.adapters.sources.listing import Listed, check_paths
from reconciler.adapters.sources.patterns import wanted
from reconciler.adapters.sources.shown import shown
from reconciler.core.digest import FileDigest
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.spec import Source, Unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class Loose:
    """The files that make the source, sorted bytewise."""

    files: tuple[Listed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """The source is one archive; its members make it."""

    archive: Listed


Selection = Loose | Packed


def select(listed: tuple[Listed, ...], source: Source) -> Selection:
    """What of the listing makes the source. Raises TerminalError(SOURCE_EMPTY or UNSAFE_PATH)."""
    where = shown(source.uri)
    if source.unpack is Unpack.AUTO and len(listed) == 1 and is_archive(listed[0].path):
        check_paths([listed[0].path], where)
        return Packed(archive=listed[0])
    files = [file for file in listed if _chosen(file.path, source)]
    if not files:
        raise _empty(where, len(listed))
    check_paths((file.path for file in files), where)
    return Loose(files=tuple(sorted(files, key=lambda file: file.path.encode())))


def select_members(members: tuple[FileDigest, ...], source: Source) -> tuple[FileDigest, ...]:
    """The members that make the source, under their paths in it. Raises TerminalError(SOURCE_EMPTY)."""
    visible = [member for member in members if wanted(member.path, ("**",), ())]
    paths = unwrapped(member.path for member in visible)
    named = (FileDigest(path=paths[each.path], size=each.size, digest=each.digest) for each in visible)
    files = [file for file in named if _chosen(file.path, source)]
    if not files:
        raise _empty(shown(source.uri), len(members))
    return tuple(sorted(files, key=lambda file: file.path.encode()))


def _chosen(path: str, source: Source) -> bool:
    return wanted(path, source.include, source.exclude)


def _empty(where: str, count: int) -> TerminalError:
    if count:
        held = "1 file" if count == 1 else f"{count} files"
        words = f"{where} holds {held}, but `include` and `exclude` leave nothing of that"
        return TerminalError(Reason.SOURCE_EMPTY, words, "Correct the patterns: they are on the path in the source.")
    hint = "Check `uri` (a prefix ends at a '/'), and that the upload has finished."
    return TerminalError(Reason.SOURCE_EMPTY, f"{where} is empty or does not exist", hint)
