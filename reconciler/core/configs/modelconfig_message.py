"""Triton's ModelConfig as a protobuf message class, built from the table of core/configs/modelconfig_fields.py.

The class has proto2 presence on purpose: `max_batch_size: 0` in a config.pbtxt is a setting, not the absence of one,
and the layers of spec §2.2 need to tell them apart. It lives in a descriptor pool of its own, beside tritonclient's.
"""

from google.protobuf import descriptor, descriptor_pb2, descriptor_pool, message, message_factory

from reconciler.core.configs.modelconfig_fields import FIELDS

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "double": _Field.TYPE_DOUBLE,
    "int64": _Field.TYPE_INT64,
    "uint64": _Field.TYPE_UINT64,
    "int32": _Field.TYPE_INT32,
    "uint32": _Field.TYPE_UINT32,
    "float": _Field.TYPE_FLOAT,
    "bool": _Field.TYPE_BOOL,
    "string": _Field.TYPE_STRING,
}
_PACKAGE = "inference"


def _blocks(fields: str) -> list[tuple[str, str, list[str]]]:
    """The table as (message or enum, dotted name, entries)."""
    found: list[tuple[str, str, list[str]]] = []
    for line in fields.strip().splitlines():
        if line.startswith(" "):
            found[-1][2].extend(line.split())
        else:
            kind, name = line.split()
            found.append((kind, name, []))
    return found


def _set_type(field: descriptor_pb2.FieldDescriptorProto, name: str, enums: set[str]) -> None:
    if name in _SCALARS:
        field.type = _SCALARS[name]
        return
    field.type = _Field.TYPE_ENUM if name in enums else _Field.TYPE_MESSAGE
    field.type_name = f".{_PACKAGE}.{name}"


def _add_map_entry(holder: descriptor_pb2.DescriptorProto, field_name: str, kind: str, enums: set[str]) -> str:
    """Protobuf's own form of a map: a nested message of key and value. Returns its name."""
    name = "".join(part.capitalize() for part in field_name.split("_")) + "Entry"
    entry = holder.nested_type.add(name=name)
    entry.options.map_entry = True
    for number, (label, kind_name) in enumerate(zip(("key", "value"), kind.split("→"), strict=True), start=1):
        field = entry.field.add(name=label, number=number, label=_Field.LABEL_OPTIONAL)
        _set_type(field, kind_name, enums)
    return name


def _add_field(holder: descriptor_pb2.DescriptorProto, path: str, entry: str, enums: set[str]) -> None:
    name, _, kind = entry.partition(":")
    kind, _, oneof = kind.partition("|")
    field = holder.field.add(name=name, number=len(holder.field) + 1, label=_Field.LABEL_OPTIONAL)
    if "→" in kind:
        field.label = _Field.LABEL_REPEATED
        kind = f"{path}.{_add_map_entry(holder, name, kind, enums)}"
    elif kind.startswith("*"):
        field.label = _Field.LABEL_REPEATED
        kind = kind[1:]
    _set_type(field, kind, enums)
    if oneof:
        names = [declared.name for declared in holder.oneof_decl]
        if oneof not in names:
            holder.oneof_decl.add(name=oneof)
            names.append(oneof)
        field.oneof_index = names.index(oneof)


def _file(fields: str) -> descriptor_pb2.FileDescriptorProto:
    blocks = _blocks(fields)
    file = descriptor_pb2.FileDescriptorProto(name="reconciler/model_config.proto", package=_PACKAGE, syntax="proto2")
    enums = {name for kind, name, _ in blocks if kind == "enum"}
    holders: dict[str, descriptor_pb2.DescriptorProto] = {}
    for kind, name, entries in sorted(blocks, key=lambda block: (block[1].count("."), block[0])):
        outer, _, short = name.rpartition(".")
        if kind == "enum":
            enum = (holders[outer] if outer else file).enum_type.add(name=short)
            for value in entries:
                label, _, number = value.partition("=")
                enum.value.add(name=label, number=int(number))
        else:
            holders[name] = holders[outer].nested_type.add(name=short) if outer else file.message_type.add(name=short)
            for entry in entries:
                _add_field(holders[name], name, entry, enums)
    return file


def built(fields: str) -> type[message.Message]:
    """The message class of a table like FIELDS."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_file(fields))
    found: descriptor.Descriptor = pool.FindMessageTypeByName(f"{_PACKAGE}.ModelConfig")
    return message_factory.GetMessageClass(found)


ModelConfigMessage: type[message.Message] = built(FIELDS)
"""The message class; `ModelConfigMessage.DESCRIPTOR` tells fields, maps and oneofs."""
