"""One file by http(s), told apart by ETag, or else Last-Modified; in ranges where the server has given one."""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.shown import shown
from reconciler.adapters.sources.web import Answer, Reader
from reconciler.core.errors import Reason, TerminalError


class HttpStore:
    """The file that a URL names."""

    reads_locally = False

    def __init__(self, uri: str, reader: Reader) -> None:
        self._uri = uri
        self._where = shown(uri)
        self._reader = reader
        self._answer: Answer | None = None
        self._ranged: bool | None = None

    def listing(self) -> tuple[Listed, ...]:
        """The one file. Raises TerminalError or TransientError."""
        name = unquote(urlsplit(self._uri).path.rpartition("/")[2])
        if not name:
            hint = "http(s) sources are single files: name one (an archive can hold a whole model)."
            raise TerminalError(Reason.INVALID, f"{self._where} ends in '/', so it names no file", hint)
        answer = self._answer = self._reader.ask(self._uri, self._where)
        return (Listed(path=name, locator=self._uri, size=answer.size, fingerprint=answer.fingerprint),)

    def gives_ranges(self, file: Listed) -> bool:
        """Whether the server gave one when asked: at once False without a strong validator to tell its file by."""
        if self._ranged is None:
            told = self._told(file)
            self._ranged = (
                told.validator is not None
                and told.takes_ranges
                and self._reader.gives_range(self._uri, self._where, told.validator)
            )
        return self._ranged

    def blocks(self, file: Listed, first: int = 0, past: int | None = None) -> Iterator[bytes]:
        """The file's bytes. Raises TransientError(SOURCE_CHANGED) if it is no longer what was listed."""
        yield from self._reader.read(self._uri, self._where, self._told(file), (first, past))

    def _told(self, file: Listed) -> Answer:
        if self._answer is not None and self._answer.fingerprint == file.fingerprint:
            return self._answer
        return Answer(size=file.size, etag=file.fingerprint, modified=None, takes_ranges=True)
