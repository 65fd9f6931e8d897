"""From a source's files to Triton's layout of a model (spec §2.1).

A source may be a whole model (`config.pbtxt`, `1/…`), one version (`model.onnx`), a version directory (`7/…`) or one
file. Version 1 is made where none is given; an ensemble gets an empty version directory: object stores hold none.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.core.artifact import CONFIG_FILE
from reconciler.core.configs.modelfacts import ModelConfig
from reconciler.core.content import Known
from reconciler.core.digest import FileDigest
from reconciler.core.spec import ModelSpec, Source

VERSION = re.compile(r"0|[1-9][0-9]{0,17}")
"""Safe version directories. A number of 2^63 and more kills a Triton, others are misread (triton-facts §0.4, §2)."""

_NUMBERISH = re.compile(r"\s*[+-]?[0-9]")
"""What C++'s stoll takes for a number: such a directory is a version to Triton."""

NOT_VERSIONS = frozenset({"configs", "initial_state", "warmup"})
"""Directories that Triton gives a meaning of their own. Source: constants.h of Triton's core."""

DEFAULT_FILENAMES = {
    "onnxruntime": "model.onnx",
    "python": "model.py",
    "pytorch": "model.pt",
    "tensorrt": "model.plan",
}
"""The file each backend opens in a version directory, unless `default_model_filename` names another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Files in their places (without the configs), empty directories, and what is wrong with them in words."""

    files: tuple[FileDigest, ...]
    directories: tuple[str, ...]
    problems: tuple[str, ...]

    def versions(self) -> tuple[int, ...]:
        """The version directories present, ascending."""
        tops = {top_directory(file.path) for file in self.files} | set(self.directories)
        return tuple(sorted(int(top) for top in tops if VERSION.fullmatch(top)))


def top_directory(path: str) -> str:
    """The first segment of a path with several, empty for a file at the root."""
    head, slash, _ = path.partition("/")
    return head if slash else ""


def is_config(path: str) -> bool:
    """Whether the path is a config file, which is written from the effective config instead of copied."""
    return path == CONFIG_FILE or (path.startswith("configs/") and path.count("/") == 1 and path.endswith(".pbtxt"))


def lay_out(model: ModelSpec, known: Known, config: ModelConfig) -> Layout:
    """Every file of every source in its place."""
    whole = tuple(file for file in known.files.get(None, ()) if not is_config(file.path))
    files = list(_place_whole(model, whole, config))
    problems = list(_misread(files))
    present = {top_directory(file.path) for file in files}
    for number, source in sorted(model.versions.items()):
        found = known.files.get(number, ())
        if str(number) in present:
            problems.append(f"version {number} is given both by `source` and by `versions`")
        problems += _version_problems(number, found)
        files += [_under(str(number), file) for file in _as_version(number, found, source, config)]
    directories = ("1",) if config.is_ensemble and not any(_is_version(file) for file in files) else ()
    ordered = tuple(sorted(files, key=lambda file: file.path.encode()))
    return Layout(files=ordered, directories=directories, problems=tuple(problems))


def _is_version(file: FileDigest) -> bool:
    return VERSION.fullmatch(top_directory(file.path)) is not None


def _place_whole(model: ModelSpec, files: tuple[FileDigest, ...], config: ModelConfig) -> Iterator[FileDigest]:
    """The files of `source`: as they are if they bring version directories or others do, else as version 1."""
    numbered = any(_NUMBERISH.match(top_directory(file.path)) for file in files)
    if numbered or model.versions or config.is_ensemble or model.source is None:
        yield from files
        return
    for file in _renamed(files, model.source, config):
        at_root = top_directory(file.path) in NOT_VERSIONS or file.path in config.root_files
        yield file if at_root else _under("1", file)


def _as_version(
    number: int, files: tuple[FileDigest, ...], source: Source, config: ModelConfig
) -> Iterator[FileDigest]:
    """The files of one version, without the version directory they may come in."""
    prefix = f"{number}/"
    if files and all(file.path.startswith(prefix) for file in files):
        files = tuple(replace(file, path=file.path.removeprefix(prefix)) for file in files)
    yield from _renamed(files, source, config)


def _renamed(files: tuple[FileDigest, ...], source: Source, config: ModelConfig) -> tuple[FileDigest, ...]:
    """A source that is one file gets the name its backend opens, if it is of that kind and no other name is set."""
    wanted = DEFAULT_FILENAMES.get(config.framework, "")
    if len(files) != 1 or config.default_model_filename or not source.uri.endswith("/" + files[0].path):
        return files
    same_kind = wanted and files[0].path.rpartition(".")[2] == wanted.rpartition(".")[2]
    return (replace(files[0], path=wanted),) if same_kind else files


def _under(directory: str, file: FileDigest) -> FileDigest:
    return replace(file, path=f"{directory}/{file.path}")


def _version_problems(number: int, files: Sequence[FileDigest]) -> Iterator[str]:
    others = sorted({top for file in files if _NUMBERISH.match(top := top_directory(file.path))} - {str(number)})
    if others:
        yield (
            f"the source of version {number} holds the directories {', '.join(others)}, which look like versions: "
            f"point it at the files of one version"
        )


def _misread(files: Sequence[FileDigest]) -> Iterator[str]:
    """Directories that Triton would take for versions and then look for elsewhere, or die of."""
    for top in sorted({top_directory(file.path) for file in files}):
        if _NUMBERISH.match(top) and not VERSION.fullmatch(top):
            yield f"the directory {top!r} is not a safe version number: Triton misreads it or crashes on it"


def readings(paths: Iterable[str], version: int | None, uri: str) -> Iterator[dict[str, str]]:
    """How a model's directory may have come from a source (of one version, or of all): path there to path here."""
    here = sorted(paths)
    folder = f"{1 if version is None else version}/"
    inside = {path.removeprefix(folder): path for path in here if path.startswith(folder)}
    if version is None:
        yield {path: path for path in here}
        yield {path: path for path in here if not is_config(path)}
    yield inside
    if version is not None:
        yield {path: path for path in inside.values()}
    if len(inside) == 1:
        yield {uri.rstrip("/").rpartition("/")[2]: path for path in inside.values()}
