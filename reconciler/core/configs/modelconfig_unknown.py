"""Fields and enum values of a config.pbtxt that our table does not know: a newer Triton's, kept as they stand.

The text is taken apart by the descriptor into what is known and what is not. In JSON, unknown fields of a message are
one text under `[unknown]`, which is the name of no field; an unknown enum value stands in its field as it is written.
Promise: what was kept is written where it stood, token for token.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TypeAlias, cast

from google.protobuf import message_factory, text_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from reconciler.core.artifact import UNKNOWN
from reconciler.core.jsonvalue import Json, JsonObject

Path: TypeAlias = tuple[str | int, ...]
Kept: TypeAlias = dict[Path, str]

_STRING = re.compile(r"""(["'])(?:[^\\]|\\.)*\1""", re.DOTALL)
_OPENING = {"{": "}", "<": ">"}
_CLOSING = {**_OPENING, "[": "]"}
_DEEPEST = 32
"""How deep a field may be nested that nobody here knows: known ones are not half as deep."""


def tokens(text: str) -> list[str]:
    """The tokens of text format, no comments. Raises text_format.ParseError, ValueError for a string without end."""
    reader, found = text_format.Tokenizer(text.split("\n")), list[str]()
    while not reader.AtEnd():
        if reader.token[0] in "'\"" and not _STRING.fullmatch(reader.token):
            raise ValueError("a string that does not end on its line")
        found.append(reader.token)
        reader.NextToken()
    return found


def is_map(field: FieldDescriptor) -> bool:
    """Whether the field is a map."""
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def may_be_newer(value: str, enum: EnumDescriptor) -> bool:
    """Whether it looks like a value that a newer version of the enum has: `TYPE_FP8` does, `FP32` does not."""
    start = value.partition("_")[0] + "_"
    names = enum.values_by_name
    return value not in names and value.isidentifier() and all(name.startswith(start) for name in names)


def apart(text: str, root: Descriptor) -> tuple[str, Kept]:
    """The known part of a config's text, and the rest by where it stands in the JSON. Raises ValueError."""
    reader = _Reader(tokens(text))
    known, kept = reader.message(root, "")
    return " ".join(known), kept


def parted(config: JsonObject, kind: Descriptor, path: Path = ()) -> tuple[JsonObject, Kept]:
    """The same for a config in JSON."""
    plain: JsonObject = {}
    kept: Kept = {}
    for name, value in config.items():
        field = kind.fields_by_name.get(name)
        if name == UNKNOWN or _is_newer(field, value):
            kept[*path, name] = str(value)
        else:
            plain[name], more = _parted_value(field, value, (*path, name))
            kept |= more
    return plain, kept


def _is_newer(field: FieldDescriptor | None, value: Json) -> bool:
    enum = field.enum_type if field is not None else None
    return enum is not None and isinstance(value, str) and may_be_newer(value, enum)


def _parted_value(field: FieldDescriptor | None, value: Json, path: Path) -> tuple[Json, Kept]:
    kind = _message_of(field)
    if kind is None or field is None or not isinstance(value, (dict, list)):
        return value, {}
    if isinstance(value, dict) and not is_map(field):
        return parted(value, kind, path)
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    plain, kept = _parted_items(kind, pairs, path)
    return cast("Json", plain if isinstance(value, dict) else [*plain.values()]), kept


def _parted_items(
    kind: Descriptor, pairs: Iterable[tuple[str | int, Json]], path: Path
) -> tuple[dict[str | int, Json], Kept]:
    found = {key: _parted_item(kind, inner, (*path, key)) for key, inner in pairs}
    kept = {place: text for _, below in found.values() for place, text in below.items()}
    return {key: inner for key, (inner, _) in found.items()}, kept


def _parted_item(kind: Descriptor, value: Json, path: Path) -> tuple[Json, Kept]:
    return parted(value, kind, path) if isinstance(value, dict) else (value, {})


def _message_of(field: FieldDescriptor | None) -> Descriptor | None:
    """The message that a field's values are, a map's too."""
    if field is None or field.message_type is None:
        return None
    return field.message_type.fields_by_name["value"].message_type if is_map(field) else field.message_type


def names(path: Path, text: str) -> list[str]:
    """What was kept, in words: the fields' names, or an enum's field and value."""
    if path[-1] != UNKNOWN:
        return [f"{path[-1]}: {text}"]
    found, depth = list[str](), 0
    before = ""
    for token in tokens(text):
        if depth == 0 and token.isidentifier() and before not in (":", "-"):
            found.append(token)
        depth += (token in _CLOSING) - (token in _CLOSING.values())
        before = token
    return found


def joined(plain: JsonObject, kept: Kept) -> JsonObject:
    """What was parted, put back in place."""
    for path, text in kept.items():
        holder = cast("dict[str | int, Json]", plain)
        for step in path[:-1]:
            holder = cast("dict[str | int, Json]", holder[step])
        holder[path[-1]] = text
    return plain


def written(message: Message, kept: Mapping[Path, str]) -> str:
    """The text of the message with what was kept."""
    rows = [text if name == UNKNOWN else f"{name}: {text}\n" for (name, *more), text in kept.items() if not more]
    for field, value in message.ListFields():
        below = {path[1:]: text for path, text in kept.items() if path[0] == field.name}
        rows.append("".join(_fields(field, value, below)) if below else _alone(message, field))
    return "\n".join(rows)


def _alone(message: Message, field: FieldDescriptor) -> str:
    alone = type(message)()
    alone.CopyFrom(message)
    for other, _ in message.ListFields():
        if other.name != field.name:
            alone.ClearField(other.name)
    return str(text_format.MessageToString(alone))


def _fields(field: FieldDescriptor, value: object, kept: Mapping[Path, str]) -> Iterator[str]:
    """Each value of a field below which something was kept."""
    if is_map(field):
        entries = cast("Mapping[object, Message]", value)
        for key, inner in entries.items():
            entry = value.GetEntryClass()(key=key)  # type: ignore[attr-defined]
            head = text_format.MessageToString(entry)
            yield f"{field.name} {{\n{head}value {{\n{written(inner, _below(kept, str(key)))}\n}}\n}}\n"
    elif field.is_repeated:
        for index, inner in enumerate(cast("list[Message]", value)):
            yield f"{field.name} {{\n{written(inner, _below(kept, index))}\n}}\n"
    else:
        yield f"{field.name} {{\n{written(cast('Message', value), kept)}\n}}\n"


def _below(kept: Mapping[Path, str], key: str | int) -> Kept:
    return {path[1:]: text for path, text in kept.items() if path[0] == key}


class _Reader:
    """Reads a message's tokens by its descriptor; the strict parser sees what is known, so nothing is checked twice."""

    def __init__(self, found: list[str]) -> None:
        self._tokens = found
        self._at = 0

    def message(self, kind: Descriptor, end: str) -> tuple[list[str], Kept]:
        """Up to the closing token, with it; to the very end where that is empty."""
        known, kept, unknown = list[str](), Kept(), list[str]()
        counts: dict[str, int] = {}
        seen: set[str] = set()
        while (name := self._next(end)) != end:
            field = kind.fields_by_name.get(name)
            if name in (";", ","):
                continue
            seen.add(name)
            if field is None:
                unknown += [_field_name(name), *self._value()]
            elif field.message_type is not None:
                known += self._messages(field, kept, counts)
            else:
                known += self._scalar(field, kept)
        _no_slips(seen, {field.name for field in kind.fields})
        return known, kept | ({(UNKNOWN,): " ".join(unknown)} if unknown else {})

    def _next(self, end: str) -> str:
        if self._at < len(self._tokens):
            self._at += 1
            return self._tokens[self._at - 1]
        if end:
            message = f"{end} is missing"
            raise ValueError(message)
        return end

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _value(self) -> Iterator[str]:
        """The tokens of a field's value: a message, a list, a scalar, or strings that stand side by side."""
        colon = self._peek() == ":"
        if colon:
            yield self._next(":")
        first = self._next("a value")
        if not colon and first not in _OPENING:
            message = f"{first!r} without a colon before it"
            raise ValueError(message)
        yield first
        if first in _CLOSING:
            yield from self._balanced(_CLOSING[first])
        while first[0] in "'\"" and self._peek()[:1] in ("'", '"') and self._peek():
            yield self._next("")

    def _balanced(self, end: str) -> Iterator[str]:
        """Up to the end, whatever lies between."""
        ends = [end]
        while ends:
            token = self._next(ends[-1])
            yield token
            if token == ends[-1]:
                ends.pop()
            elif token in _CLOSING:
                ends.append(_CLOSING[token])
            if len(ends) > _DEEPEST:
                message = f"nested more than {_DEEPEST} deep"
                raise ValueError(message)

    def _scalar(self, field: FieldDescriptor, kept: Kept) -> list[str]:
        value = list(self._value())
        if field.enum_type is not None and may_be_newer(value[-1], field.enum_type):
            kept[(field.name,)] = value[-1]
            return []
        return [field.name, *value]

    def _messages(self, field: FieldDescriptor, kept: Kept, counts: dict[str, int]) -> Iterator[str]:
        """One message, or a list of them."""
        if self._peek() == ":":
            self._next(":")
        start = self._next("{")
        if start != "[":
            yield from self._one(field, start, kept, counts)
            return
        while (start := self._next("]")) != "]":
            if start != ",":
                yield from self._one(field, start, kept, counts)

    def _one(self, field: FieldDescriptor, start: str, kept: Kept, counts: dict[str, int]) -> list[str]:
        if start not in _OPENING:
            message = f"{start!r} where {field.name} begins"
            raise ValueError(message)
        known, below = self.message(cast("Descriptor", field.message_type), _OPENING[start])
        place: Path = (field.name,)
        if is_map(field):
            place = (field.name, _key(field, known)) if below else place
            below = {path[1:]: text for path, text in below.items() if path[0] == "value" or _never(path)}
        elif field.is_repeated:
            place = (field.name, counts.setdefault(field.name, 0))
            counts[field.name] += 1
        kept |= {(*place, *path): text for path, text in below.items()}
        return [field.name, "{", *known, "}"]


def _no_slips(found: AbstractSet[str], known: AbstractSet[str]) -> None:
    """Raises ValueError for the name of a field that is not there with a letter too many or too few."""
    for name in found - known:
        if any(_slipped(name, other) for other in known - found):
            message = f"{name!r} is the name of no field"
            raise ValueError(message)


def _slipped(name: str, known: str) -> bool:
    """A plural is no slip: a newer Triton may well have one."""
    short, long = sorted((name, known), key=len)
    return name != known + "s" and short in {long[:at] + long[at + 1 :] for at in range(len(long))}


def _field_name(text: str) -> str:
    if re.fullmatch(r"[a-z][a-z0-9_]*", text):
        return text
    message = f"{text!r} is the name of no field"
    raise ValueError(message)


def _key(field: FieldDescriptor, entry: list[str]) -> str:
    """The key of a map's entry, as JSON has it."""
    kind = message_factory.GetMessageClass(cast("Descriptor", field.message_type))
    return str(text_format.Parse(" ".join(entry), kind()).key)  # type: ignore[attr-defined]


def _never(path: Path) -> bool:
    message = f"a map's entry has a key and a value, and no {path[-1]}"
    raise ValueError(message)
