"""What somebody knows of a source already, so that it need not be read for that."""

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.adapters.sources.listing import Listed
from reconciler.core.digest import Digest, FileDigest


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What is known of a source: a listed file's digest, an archive's members, the content of a digest."""

    digest_of: Callable[[Listed], FileDigest | None]
    members: Callable[[Listed], tuple[FileDigest, ...]]
    content: Callable[[Digest], bytes | None]


NOTHING = Remembered(digest_of=lambda _: None, members=lambda _: (), content=lambda _: None)
