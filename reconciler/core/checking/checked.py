"""A file's bytes as a document that its schema has seen, with everything that is wrong with it so far."""

from dataclasses import dataclass

from jsonschema.protocols import Validator

from reconciler.core.checking import documents, lock_rows, validators
from reconciler.core.checking.conformance import conform
from reconciler.core.checking.fields import dig
from reconciler.core.checking.nodes import START, Document, Node, Path, path_text
from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import Json, JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A document, its value with texts as they were written, and the faults of its YAML and its schema."""

    document: Document
    value: JsonObject
    problems: tuple[Problem, ...]

    def at(self, *path: str | int) -> Json:
        """The value at the path, None where there is none."""
        return dig(self.value, path)

    def sound(self, *path: str | int) -> Json:
        """The same, and None too where it or something in it is at fault already: nothing is said twice."""
        text = path_text(path)
        inside = (text + ".", text + "[")
        if any(problem.path == text or problem.path.startswith(inside) for problem in self.problems):
            return None
        return self.at(*path)

    def fault(self, path: Path, found: str, expected: str) -> Problem:
        """A fault at the path."""
        return self.document.problem(path, found, expected)


def check_model(file: str, content: bytes) -> Checked | tuple[Problem, ...]:
    """The checked document of kind Model, or what keeps the file from being one."""
    return _check(file, content, validators.MODEL)


def recalled(file: str, value: JsonObject) -> Checked:
    """A document that had no fault, without the places of its values."""
    return Checked(document=Document(file=file, root=Node(place=START, value=value)), value=value, problems=())


def check_repository(file: str, content: bytes) -> Checked | tuple[Problem, ...]:
    """The checked document of kind Repository, or what keeps the file from being one."""
    return _check(file, content, validators.REPOSITORY)


def check_lock(file: str, content: bytes) -> Checked | tuple[Problem, ...]:
    """The checked document of kind Lock, or what keeps the file from being one.

    A schema takes its time with thousands of files: those that are as we write them are seen at a glance.
    """
    checked = _check(file, content, validators.LOCK_WITHOUT_FILES, documents.BY_PROGRAM)
    if isinstance(checked, Checked) and not lock_rows.all_plain(checked.value):
        return _check(file, content, validators.LOCK, documents.BY_PROGRAM)
    return checked


def _check(
    file: str, content: bytes, validator: Validator, limits: documents.Limits = documents.BY_PEOPLE
) -> Checked | tuple[Problem, ...]:
    document, problems = documents.read(file, content, limits=limits)
    if document is None:
        return problems
    value, more = conform(document, validator)
    return Checked(document=document, value=value, problems=(*problems, *more))
