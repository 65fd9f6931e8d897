"""Bytes to strict YAML with positions (spec §2): one document, one mapping, nothing twice, nothing that explodes.

Promise: total and bounded for any bytes. What a person wrote is kept beside what it resolves to, so that a field which
wants text takes `1.10` as it stands. A byte order mark at the start is skipped, as YAML asks; one elsewhere is refused.
"""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import yaml

from reconciler.core.checking import scalars
from reconciler.core.checking.nodes import MAX_PROBLEMS, START, Document, Node, Place, described, problem_at, quoted
from reconciler.core.errors import Problem
from reconciler.core.jsonvalue import JsonObject

MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be: bytes, and values with aliases expanded."""

    size: int
    nodes: int
    words: str


BY_PEOPLE = Limits(1 << 20, 50_000, "a file a person can read")
BY_PROGRAM = Limits(32 << 20, 1_500_000, "what `reconcile lock` writes")

# Beyond what YAML forbids: U+0085, U+2028 and U+2029, which end a line in YAML 1.1 only.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(file: str, content: bytes) -> Document | tuple[Problem, ...]:
    """The document in a file, or everything that is wrong with it."""
    document, problems = read(file, content)
    return problems if problems or document is None else document


Read = Callable[[str, bytes], JsonObject | None]


def value_of(file: str, content: bytes) -> JsonObject | None:
    """The document's value, None where something is wrong with it."""
    found = load(file, content)
    return found.value if isinstance(found, Document) else None


def read(
    file: str, content: bytes, loader: type = LOADER, limits: Limits = BY_PEOPLE
) -> tuple[Document | None, tuple[Problem, ...]]:
    """What can be read of a file, and its problems: a document with a duplicate key can still be checked further."""
    text, problems = _decoded(file, content, limits)
    if problems:
        return None, problems
    composer = _Composer(file, yaml.parse(text, Loader=loader), limits)
    root = composer.document()
    problems = tuple(composer.problems[:MAX_PROBLEMS])
    return None if root is None else Document(file=file, root=root), problems


def _decoded(file: str, content: bytes, limits: Limits) -> tuple[str, tuple[Problem, ...]]:
    if len(content) > limits.size:
        found = f"a file of more than {limits.size >> 20} MiB"
        return "", (problem_at(file, START, (), found, limits.words),)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(errors="replace")
        found = f"a byte that is not UTF-8 (0x{content[error.start]:02x})"
        return "", (problem_at(file, _end(before), (), found, "text in UTF-8"),)
    if unprintable := _UNPRINTABLE.search(text):
        found = f"the character U+{ord(unprintable[0]):04X}"
        expected = "no control characters and no odd line separators"
        return "", (problem_at(file, _end(text[: unprintable.start()]), (), found, expected),)
    return text, ()


def _end(before: str) -> Place:
    """Where the text after this begins."""
    return Place(line=before.count("\n") + 1, column=len(before) - before.rfind("\n"))


class _Stopped(Exception):  # noqa: N818 - never leaves this module
    """Reading on would be pointless or dangerous; the problem is recorded."""


class _Composer:
    """Builds nodes from events, collecting problems; the depth of its recursion is bounded by MAX_DEPTH."""

    def __init__(self, file: str, events: Iterator[yaml.Event], limits: Limits) -> None:
        self.problems: list[Problem] = []
        self._limits = limits
        self._file = file
        self._events = events
        self._path: list[str | int] = []
        self._anchors: dict[str, Node | None] = {}
        self._size = 0

    def document(self) -> Node | None:
        """The root mapping, None if there is none or the rest cannot be read."""
        try:
            return self._document()
        except _Stopped:
            return None
        except yaml.MarkedYAMLError as error:
            self._syntax(error)
        except (ValueError, OverflowError):
            # only the pure-Python scanner, for escapes such as "\UFFFFFFFF"
            self._at(START, "an escape that is no character", "escapes of Unicode characters")
        return None

    def _document(self) -> Node | None:
        next(self._events)  # the stream begins
        begin = next(self._events)
        if not isinstance(begin, yaml.DocumentStartEvent):
            self._at(START, "an empty file", "a mapping with apiVersion, kind, …")
            return None
        if begin.version not in (None, (1, 2)):
            self._at(_place(begin), "a %YAML directive of another version", "YAML 1.2, or no directive")
        root = self._node(next(self._events))
        next(self._events)  # the document ends
        follower = next(self._events)
        if isinstance(follower, yaml.DocumentStartEvent):
            self._at(_place(follower), "a second document", "one document in a file")
        if not isinstance(root.value, dict):
            self._at(root.place, described(root.value, root.written), "a mapping with apiVersion, kind, …")
            return None
        return root

    def _node(self, event: yaml.Event) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._grow(event, 1)
        node_event = cast("yaml.ScalarEvent | yaml.CollectionStartEvent", event)
        if event_anchor := node_event.anchor:
            self._anchors[event_anchor] = None
        node = self._scalar(event) if isinstance(event, yaml.ScalarEvent) else self._collection(node_event)
        if event_anchor:
            self._anchors[event_anchor] = node
        return node

    def _grow(self, event: yaml.Event, size: int, height: int = 0) -> None:
        self._size += size
        if self._size > self._limits.nodes:
            found = f"more than {self._limits.nodes} values, aliases expanded"
            raise self._stop(event, found, self._limits.words)
        if len(self._path) + height > MAX_DEPTH:
            self._path = self._path[:4]
            raise self._stop(event, f"values nested more than {MAX_DEPTH} deep", self._limits.words)

    def _alias(self, event: yaml.AliasEvent) -> Node:
        node = self._anchors.get(cast("str", event.anchor))
        if node is None:
            inside = event.anchor in self._anchors
            expected = "no alias inside its own value" if inside else f"an anchor &{event.anchor} before it"
            raise self._stop(event, f"the alias *{event.anchor}", expected)
        self._grow(event, node.size, node.height)
        return node

    def _scalar(self, event: yaml.ScalarEvent) -> Node:
        if event.tag not in _TEXT_TAGS:
            self._tag(event, event.tag)
        if event.style == '"' and _SURROGATE.search(event.value):
            raise self._stop(event, "an escape of half a character (a surrogate)", "whole characters")
        text = sys.intern(event.value)  # thousands of models say much the same
        if event.tag is None and event.implicit[0]:
            value = scalars.resolve(text)
            written = None if value is None or isinstance(value, str) else text
            return Node(place=_place(event), value=value, written=written)
        return Node(place=_place(event), value=text)

    def _collection(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> Node:
        if event.tag not in (None, "!"):
            self._tag(event, event.tag)
        return self._sequence(event) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(event)

    def _sequence(self, start: yaml.Event) -> Node:
        before, children = self._size, dict[str | int, Node]()
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            index = len(children)
            self._path.append(index)
            children[index] = self._node(event)
            self._path.pop()
        return Node(
            place=_place(start),
            value=[child.value for child in children.values()],
            size=self._size - before + 1,
            height=_height(children),
            children=children,
        )

    def _mapping(self, start: yaml.Event) -> Node:
        before, children, keys = self._size, dict[str | int, Node](), dict[str | int, Place]()
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            self._path.append(key or "?")
            node = self._node(next(self._events))
            self._path.pop()
            if key in keys:
                found = f"the key {quoted(key)} again (first on line {keys[key].line})"
                self._at(_place(event), found, "each key once")
            elif key is not None:
                children[key], keys[key] = node, _place(event)
        value: JsonObject = {str(key): child.value for key, child in children.items()}
        size = self._size - before + 1
        return Node(place=_place(start), value=value, size=size, height=_height(children), children=children, keys=keys)

    def _key(self, event: yaml.Event) -> str | None:
        """The key as it was written, None if it is not fit to be one."""
        self._path.append("?")
        node = self._node(event)
        self._path.pop()
        plain = isinstance(event, yaml.ScalarEvent) and event.tag is None and event.implicit[0]
        if plain and node.value == "<<":
            self._at(_place(event), "the merge key <<", "the fields themselves: YAML 1.2 has no merge keys")
            return None
        key = node.value if node.written is None else node.written
        if not isinstance(event, yaml.ScalarEvent) or not isinstance(key, str):
            self._at(_place(event), f"{described(node.value, None)} as a key", "text as a key")
            return None
        return key

    def _tag(self, event: yaml.Event, tag: str | None) -> None:
        name = (tag or "").replace("tag:yaml.org,2002:", "!!")
        self._at(_place(event), f"the tag {quoted(name)[1:-1]}", "a value without a tag")

    def _syntax(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark
        place = START if mark is None else Place(line=mark.line + 1, column=mark.column + 1)
        problem = error.problem or "something unreadable"
        context = f" {error.context}" if error.context else ""
        if error.context and error.context_mark is not None:
            context += f" that begins on line {error.context_mark.line + 1}"
        self._at(place, f"a mistake in the YAML ({quoted(problem)[1:-1]}{context})", "valid YAML; indent with spaces")

    def _at(self, place: Place, found: str, expected: str) -> None:
        self.problems.append(problem_at(self._file, place, tuple(self._path), found, expected))

    def _stop(self, event: yaml.Event, found: str, expected: str) -> _Stopped:
        self._at(_place(event), found, expected)
        return _Stopped()


def _height(children: dict[str | int, Node]) -> int:
    return 1 + max((child.height for child in children.values()), default=0)


def _place(event: yaml.Event) -> Place:
    mark = cast("yaml.Mark", event.start_mark)
    return Place(line=mark.line + 1, column=mark.column + 1)
