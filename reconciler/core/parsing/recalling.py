"""Work on contents that a memo may save (docs/adr/0011)."""

from dataclasses import replace
from functools import partial
from typing import cast

from reconciler.core.artifact import Tree
from reconciler.core.checking import documents
from reconciler.core.configs.assembly import Artifact, Assemble, assemble, of_tree, settings_digest
from reconciler.core.content import Known
from reconciler.core.digest import of_bytes
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.memo import Memo, row_name
from reconciler.core.spec import ModelSpec


def reading(memo: Memo) -> documents.Read:
    """`documents.value_of` without the work where the same bytes were a document before."""
    return partial(_value_of, memo)


def _value_of(memo: Memo, file: str, content: bytes) -> JsonObject | None:
    row = row_name("status", content)
    known = memo.recall(row)
    if isinstance(known, dict):
        return known
    value = documents.value_of(file, content)
    if value is not None:
        memo.keep(row, value)
    return value


def assembling(memo: Memo) -> Assemble:
    """`assemble` without the work where it once gave what is active: its document says it all, and was checked."""
    return partial(_assembled, memo)


def _assembled(
    memo: Memo, model: ModelSpec, known: Known, defaults: JsonObject, active: Tree | None
) -> Artifact | tuple[str, ...]:
    row = row_name("artifact", settings_digest(model, defaults).encode(), _contents(known))
    noted = memo.recall(row)
    if active is not None and isinstance(noted, dict) and noted.get("generation") == active.generation:
        return replace(of_tree(active), newer=tuple(map(str, cast("list[Json]", noted["newer"]))))
    found = assemble(model, known, defaults)
    if isinstance(found, Artifact) and active is not None and found.tree.generation == active.generation:
        memo.keep(row, {"generation": found.tree.generation, "newer": [*found.newer]})
    return found


def _contents(known: Known) -> bytes:
    """All that decides of what the sources hold."""
    files = [[key, [[file.path, file.size, file.digest] for file in files]] for key, files in known.files.items()]
    configs = {path: of_bytes(content) for path, content in known.configs.items()}
    return repr((files, sorted(configs.items()))).encode()
