"""A foreign directory of models/, read: what it holds, and which of a model's sources that is."""

from dataclasses import dataclass, replace

from reconciler.adapters.sources import Listed, Loose, Packed, select
from reconciler.adapters.volume import disk, resolve
from reconciler.adapters.volume.shelf import Shelf
from reconciler.core.configs.layout import readings
from reconciler.core.digest import Digest, FileDigest, tree_digest
from reconciler.core.errors import TerminalError
from reconciler.core.spec import Source, Unpack


@dataclass(frozen=True, slots=True)
class Directory:
    """A model's foreign directory, read."""

    files: tuple[Listed, ...]
    digests: dict[str, Digest]

    def found(self, key: int | None, source: Source) -> resolve.Found | None:
        """The source's files, if the directory holds what its digest says."""
        for reading in readings(self.digests, key, source.uri) if source.digest is not None else ():
            files = self._chosen(reading, source)
            if files and tree_digest(files) == source.digest:
                configs = {path: self._read(reading[path]) for path in resolve.configs_of(files, key)}
                return resolve.Found(files=files, configs=configs)
        return None

    def _chosen(self, reading: dict[str, str], source: Source) -> tuple[FileDigest, ...]:
        listed = {file.path: file for file in self.files}
        here = tuple(replace(listed[path], path=there) for there, path in reading.items())
        try:
            match select(here, replace(source, unpack=Unpack.NEVER)):
                case Loose(files=files):
                    return tuple(self._digest(file, reading[file.path]) for file in files)
                case Packed():
                    return ()
        except TerminalError:  # nothing of it is chosen
            return ()

    def _digest(self, file: Listed, path: str) -> FileDigest:
        return FileDigest(path=file.path, size=file.size or 0, digest=self.digests[path])

    def _read(self, path: str) -> bytes:
        locator = next(file.locator for file in self.files if file.path == path)
        return disk.read_or_none(locator) or b""


def listed(shelf: Shelf, name: str) -> tuple[Listed, ...]:
    """Every file. Raises TerminalError for links out of it and for what is no file."""
    return shelf.sources.store(Source(uri=shelf.places.model(name))).listing()


def read(shelf: Shelf, name: str) -> Directory:
    """All of it, hashed. Raises as `listed`."""
    files = listed(shelf, name)
    return Directory(files, {file.path: disk.hash_file(file.locator) for file in files})
