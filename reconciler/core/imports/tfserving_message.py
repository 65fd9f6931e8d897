"""TensorFlow Serving's ModelServerConfig as a protobuf message class, as far as it names models.

Source: model_server_config.proto and file_system_storage_path_source.proto of tensorflow/serving.
Source of what it logs: logging_config.proto and log_collector_config.proto.
"""

from google.protobuf import descriptor, descriptor_pb2, descriptor_pool, message, message_factory

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "string": _Field.TYPE_STRING,
    "int64": _Field.TYPE_INT64,
    "uint32": _Field.TYPE_UINT32,
    "double": _Field.TYPE_DOUBLE,
}
_MESSAGES = {
    "Nothing": "",
    "LogCollectorConfig": "type=1:string filename_prefix=2:string",
    "SamplingConfig": "sampling_rate=1:double",
    "LoggingConfig": "log_collector_config=1:LogCollectorConfig sampling_config=2:SamplingConfig",
    "Latest": "num_versions=1:uint32",
    "Specific": "versions=1:*int64",
    "Policy": "latest=100:Latest all=101:Nothing specific=102:Specific",
    "Label": "key=1:string value=2:int64",
    "ModelConfig": (
        "name=1:string base_path=2:string model_type=3:ModelType model_platform=4:string "
        "logging_config=6:LoggingConfig model_version_policy=7:Policy version_labels=8:*Label"
    ),
    "ModelConfigList": "config=1:*ModelConfig",
    "ModelServerConfig": "model_config_list=1:ModelConfigList custom_model_config=2:Nothing",
}
_MODEL_TYPES = {"MODEL_TYPE_UNSPECIFIED": 0, "TENSORFLOW": 1, "OTHER": 2}
_PACKAGE = "tfserving"


def _add(holder: descriptor_pb2.DescriptorProto, entry: str) -> None:
    name, _, rest = entry.partition("=")
    number, _, kind = rest.partition(":")
    label = _Field.LABEL_REPEATED if kind.startswith("*") else _Field.LABEL_OPTIONAL
    kind = kind.removeprefix("*")
    field = holder.field.add(name=name, number=int(number), label=label)
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
        return
    field.type = _Field.TYPE_ENUM if kind == "ModelType" else _Field.TYPE_MESSAGE
    field.type_name = f".{_PACKAGE}.{kind}"


def _build() -> type[message.Message]:
    file = descriptor_pb2.FileDescriptorProto(name="reconciler/tfserving.proto", package=_PACKAGE, syntax="proto2")
    enum = file.enum_type.add(name="ModelType")
    for label, number in _MODEL_TYPES.items():
        enum.value.add(name=label, number=number)
    for name, entries in _MESSAGES.items():
        holder = file.message_type.add(name=name)
        for entry in entries.split():
            _add(holder, entry)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found: descriptor.Descriptor = pool.FindMessageTypeByName(f"{_PACKAGE}.ModelServerConfig")
    return message_factory.GetMessageClass(found)


ModelServerConfig: type[message.Message] = _build()
"""The message class."""
