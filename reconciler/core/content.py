"""What a model's sources hold, as far as it is known before anything is fetched."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.artifact import Remembered
from reconciler.core.digest import Digest, FileDigest
from reconciler.core.errors import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Every file of every source with its digest.

    `files` is keyed as ModelSpec.sources(). `configs` holds the bytes of each `config.pbtxt` and
    `configs/*.pbtxt` of the whole-model source by path. `missing` are digests that are not blobs on the volume yet and
    have to be fetched; `held` are none either, but in the model's directory that is to be adopted. `listed`: a source
    was asked, which may say another thing the next time.
    """

    files: Mapping[int | None, tuple[FileDigest, ...]]
    configs: Mapping[str, bytes] = field(default_factory=dict)
    missing: frozenset[Digest] = frozenset()
    held: frozenset[Digest] = frozenset()
    listed: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfetched:
    """The sources are there, but what they hold is known only once they are fetched; size in bytes, None unknown."""

    size: int | None
    files: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """The sources cannot be read now. `terminal`: trying again will not mend it."""

    reason: Reason
    message: str
    terminal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AsBefore:
    """Nothing was read, and nothing has to be: all that decides is what it was when git wanted this tree."""

    tree: Remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRead:
    """Nothing was read, so nobody knows whether anything would change."""

    reason: Reason
    message: str


Content = Known | Unfetched | Unavailable | AsBefore | NotRead
