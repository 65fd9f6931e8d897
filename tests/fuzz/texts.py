"""What holds for any bytes in the place of a text that the program reads: documents, locks, configs, plans, statuses.

Each function takes bytes and gives nothing; it raises only where a promise is broken.
"""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import replace

import yaml

from reconciler.core.checking import documents
from reconciler.core.configs import modelconfig, modelfacts
from reconciler.core.errors import Problem, UsageError
from reconciler.core.imports import files as imported_files
from reconciler.core.imports import kserve, seldon, tfserving
from reconciler.core.imports.drafts import Draft, Imported
from reconciler.core.jsonvalue import parsed
from reconciler.core.judging.verdicts import Request
from reconciler.core.memo import Memo
from reconciler.core.observed import Observed
from reconciler.core.parsing.lock import lock_text
from reconciler.core.parsing.parse import parse, parse_again
from reconciler.core.plan import Plan
from reconciler.core.planning import planner, quiet, saved
from reconciler.core.printable import printable
from reconciler.core.spec import Desired, Target
from reconciler.core.statuses import status_files
from reconciler.core.trust import allowed_signers
from reconciler.core.trust import trusted as trust
from reconciler.render import annotations, plan_json, plan_markdown, plan_text, problems
from tests.fuzz.bounds import BrokenError

REVISION = "0" * 40
ROOT = "/somewhere"
MODEL = b"apiVersion: reconciler/v1\nkind: Model\nmetadata: {name: m}\nspec: {framework: python, source: s3://b/m/}\n"
TODAY = datetime.date(2026, 1, 1)


def model(content: bytes) -> None:
    """A model is desired or rejected, never absent; whatever it is, it can be planned and shown."""
    _desired({"models.d/m.yaml": content})


def repository(content: bytes) -> None:
    """With any reconciler.yaml a sound model is desired or rejected, and the rejection is explained."""
    _desired({"models.d/m.yaml": MODEL, "reconciler.yaml": content})


def lock(content: bytes) -> None:
    """What a lock says is what its model has, and to write that again says the same."""
    files = {"models.d/m.yaml": MODEL, "models.d/m.lock": content}
    desired = _desired(files)
    for found in desired.models.values():
        locked = {key: source.locked for key, source in found.sources().items() if source.locked is not None}
        if not locked:
            raise BrokenError("a lock that was read has no say")
        again = lock_text(found, locked)
        if parse({**files, "models.d/m.lock": again}, revision=REVISION, root=ROOT).models != desired.models:
            raise BrokenError("a lock that was written again says another thing")


def pbtxt(content: bytes) -> None:
    """A config.pbtxt is refused in words, or read, written and read again as the same."""
    try:
        found = modelconfig.read(content)
    except ValueError as error:
        if len(str(error)) > 1000:
            raise BrokenError("a message that nobody reads to its end") from error
        return
    text = modelconfig.to_pbtxt(found.config)
    again = modelconfig.from_pbtxt(text.encode())
    if _comparable(again) != _comparable(found.config):
        raise BrokenError(f"{found.config} was written as {text!r} and read as {again}")
    modelfacts.facts(found.config)
    modelconfig.strangers(found.config)


def plan_file(content: bytes) -> None:
    """A saved plan is refused, or is the same plan once it was written and read again."""
    try:
        found = saved.from_text("p.plan", content)
    except UsageError as error:
        _harmless(str(error))
        return
    again = saved.from_text("p.plan", saved.to_text(found).encode())
    if again != found:
        raise BrokenError(f"{found} became {again}")
    list(saved.differences(found, replace(found, target="another")))


def status(content: bytes) -> None:
    """A status is unknown, or is the same status once it was written and read again."""
    files = {"m.yaml": content}
    found = status_files.from_files(files)
    status_files.unreadable(files, found)
    written = status_files.to_files(found, target="prod")
    again = status_files.from_files(written)
    if status_files.to_files(again, target="prod") != written:
        raise BrokenError(f"{found} became {again}")
    _harmless(written[status_files.README].decode())


def remembered(content: bytes) -> None:
    """What a volume remembers of git is refused, or is the same once it was written and read again."""
    try:
        found = trust.from_bytes(content)
    except ValueError:
        return
    if trust.from_bytes(trust.to_bytes(found)) != found:
        raise BrokenError(str(found))


def memo(content: bytes) -> None:
    """Caches that somebody wrote to count as nothing: what git says is what it says without them."""
    Memo({"model:x": content}).recall("model:x")
    try:
        quiet.from_json(parsed(content))
    except (ValueError, TypeError, AttributeError, LookupError):
        return


def recalled(content: bytes) -> None:
    """A model that was read once is recalled as the same."""
    known, files = Memo(), {"models.d/m.yaml": MODEL, "reconciler.yaml": content}
    first = parse_again(files, known, revision=REVISION, message="", root=ROOT)
    second = parse_again(files, Memo(known.rows), revision=REVISION, message="", root=ROOT)
    if (first.models, first.rejected) != (second.models, second.rejected):
        raise BrokenError("another model is recalled than was read")


def signers(content: bytes) -> None:
    """Each line of an allowed-signers file allows somebody or is told; none allows more than it says."""
    found, unread = allowed_signers.allowed(content)
    keys, _ = allowed_signers.public_keys(content)
    for each in unread:
        _harmless(each.why)
    for signer in found:
        allowed_signers.matches("ann@example.org", signer.principals)
        if signer.namespaces is not None:
            allowed_signers.matches("git", signer.namespaces)
    if any(len(key) > len(content) for key in keys):
        raise BrokenError("a key out of nothing")


_IMPORTS: tuple[Callable[[str, bytes, str | None], Imported], ...] = (
    kserve.trainedmodels,
    kserve.configmaps,
    seldon.models,
    tfserving.models,
)


def imports(content: bytes) -> None:
    """Another system's file is refused in words, or each of its models becomes a file that is valid here."""
    for read in _IMPORTS:
        try:
            found = imported_files.checked(read("f", content, "python"))
        except ValueError as error:
            _harmless(printable(str(error)))
            continue
        for draft in found.results:
            if isinstance(draft, Draft):
                _valid(imported_files.file_name(draft), imported_files.text(draft))


def _valid(name: str, content: bytes) -> None:
    desired = parse({f"models.d/{name}": content}, revision=REVISION, root=ROOT)
    if desired.rejected:
        raise BrokenError(f"an imported file is rejected: {desired.rejected}")


def _desired(files: dict[str, bytes]) -> Desired:
    desired = parse(files, revision=REVISION, root=ROOT)
    if {*desired.models} | {*desired.rejected} != {"m"} or {*desired.models} & {*desired.rejected}:
        raise BrokenError(f"desired {[*desired.models]}, rejected {[*desired.rejected]}")
    if any(not found for found in desired.rejected.values()):
        raise BrokenError("rejected without a reason")
    targets = desired.repository.targets.values() or (Target(name="default", servers=(), volume="/models"),)
    for target in targets:
        _shown(desired, planner.plan(desired, Observed(), target, Request(today=TODAY)))
    return desired


def _shown(desired: Desired, plan: Plan) -> None:
    found = problems.of(desired)
    _lines(each.text for each in (*problems.lines(found), *plan_text.lines(plan), *annotations.lines(found)))
    _told(found)
    plan_json.document(plan, found)
    _harmless(plan_markdown.document(plan, found).replace("\n", ""))


def _lines(texts: Iterable[str]) -> None:
    for text in texts:
        if "\n" in text:
            raise BrokenError(f"more than a line: {text!r}")
        _harmless(text)


def _told(found: Iterable[Problem]) -> None:
    for problem in found:
        if problem.line < 1 or problem.column < 1 or not problem.found or not problem.expected:
            raise BrokenError(f"a problem of nothing: {problem}")


def _harmless(text: str) -> None:
    """It can be written as UTF-8."""
    text.encode()
    if "\x1b" in text:
        raise BrokenError(f"an escape: {text!r}")


def _comparable(value: object) -> str:
    """NaN is not equal to itself, but is the same text."""
    return repr(value)


def yaml_twice(content: bytes) -> None:
    """What both readers of YAML take for a document, the C one and the pure one, is the same document to both."""
    found = [documents.read("f", content, loader) for loader in (documents.LOADER, yaml.SafeLoader)]
    _told(problem for _, problems in found for problem in problems)
    values = {repr(document.value) for document, problems in found if document is not None and not problems}
    if len(values) > 1:
        raise BrokenError(f"two documents: {values}")
