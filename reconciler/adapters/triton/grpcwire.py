"""Triton over gRPC: the protocol to use, since loads over HTTP occupy the server's HTTP workers (triton-facts §0.5)."""

# ruff: noqa: D102  the Protocol says what each call is

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import grpc
from google.protobuf import json_format
from tritonclient import grpc as triton
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

from reconciler.adapters.triton.endpoint import Access, Endpoint
from reconciler.adapters.triton.wire import NO_FILES, CallFailed, Files, Kind, Row, Tensor, kind_of_words
from reconciler.core.jsonvalue import Json, JsonObject

# No keepalive: Triton answers a ping more often than every five minutes with GOAWAY "too_many_pings".
_CHANNEL = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # gRPC shares connections, and their back-off, between channels of one process: a pass wants to look afresh.
    ("grpc.use_local_subchannel_pool", 1),
)

_KINDS = {
    "StatusCode.DEADLINE_EXCEEDED": Kind.TIMEOUT,
    "StatusCode.UNAUTHENTICATED": Kind.RESTRICTED,
    "StatusCode.PERMISSION_DENIED": Kind.RESTRICTED,
    "StatusCode.UNIMPLEMENTED": Kind.NOT_TRITON,
    "StatusCode.NOT_FOUND": Kind.NOT_FOUND,
    "StatusCode.INVALID_ARGUMENT": Kind.REJECTED,
    "StatusCode.UNAVAILABLE": Kind.BUSY,
    "StatusCode.INTERNAL": Kind.INTERNAL,
}


class GrpcWire:
    """A wire over a channel of its own."""

    def __init__(self, endpoint: Endpoint, access: Access) -> None:
        self._headers = dict(endpoint.metadata + access.metadata)
        self._metadata = [(name.lower(), value) for name, value in self._headers.items()]
        # The credentials are made first: a client whose making fails complains once more when it is collected.
        credentials = _credentials(access) if endpoint.encrypted else None
        self._client = triton.InferenceServerClient(endpoint.address, creds=credentials, channel_args=list(_CHANNEL))
        # The client takes as long over a call as the server does; where each of thousands of configs is read, the bare
        # call goes over a channel of its own, which connects at its first use.
        self._channel = _channel(endpoint.address, credentials)
        self._config = service_pb2_grpc.GRPCInferenceServiceStub(self._channel).ModelConfig

    def version(self, timeout: float) -> str:
        with _sorted():
            return str(self._client.get_server_metadata(headers=self._headers, client_timeout=timeout).version)

    def index(self, timeout: float) -> Sequence[Row]:
        with _sorted():
            answer = self._client.get_model_repository_index(headers=self._headers, client_timeout=timeout)
        return [Row(model=row.name, version=row.version, state=row.state, reason=row.reason) for row in answer.models]

    def loaded(self, timeout: float) -> Sequence[Row]:
        with _sorted():
            answer = self._client.get_inference_statistics(headers=self._headers, client_timeout=timeout)
        return [Row(model=row.name, version=row.version, state="READY") for row in answer.model_stats]

    def config(self, model: str, version: str, timeout: float) -> JsonObject:
        with _sorted():
            answer = self._client.get_model_config(model, version, headers=self._headers, client_timeout=timeout)
        found: JsonObject = json_format.MessageToDict(answer.config, preserving_proto_field_name=True)
        return found

    def marks(self, model: str, version: str, timeout: float) -> JsonObject:
        request = service_pb2.ModelConfigRequest(name=model, version=version)
        with _sorted():
            config = self._config(request, metadata=self._metadata, timeout=timeout).config
        parameters: JsonObject = {
            name: {"string_value": config.parameters[name].string_value} for name in config.parameters
        }
        steps: list[Json] = [{"model_name": step.model_name} for step in config.ensemble_scheduling.step]
        return {"parameters": parameters, "ensemble_scheduling": {"step": steps}}

    def load(self, model: str, config: str | None, timeout: float, files: Files = NO_FILES) -> None:
        with _sorted():
            self._client.load_model(
                model, headers=self._headers, config=config or None, files=dict(files), client_timeout=timeout
            )

    def unload(self, model: str, timeout: float) -> None:
        with _sorted():
            self._client.unload_model(model, headers=self._headers, client_timeout=timeout)

    def infer(
        self, model: str, inputs: Sequence[Tensor], outputs: Sequence[str], timeout: float
    ) -> Mapping[str, Tensor]:
        with _sorted():
            answer = self._client.infer(
                model,
                [_given(tensor) for tensor in inputs],
                outputs=[triton.InferRequestedOutput(name) for name in outputs],
                headers=self._headers,
                client_timeout=timeout,
            )
        described = {output.name: output.datatype for output in answer.get_response().outputs}
        return {
            name: Tensor(name=name, datatype=datatype, values=answer.as_numpy(name))
            for name, datatype in described.items()
        }

    def close(self) -> None:
        self._client.close()
        self._channel.close()


def _channel(address: str, credentials: grpc.ChannelCredentials | None) -> grpc.Channel:
    if credentials is None:
        return grpc.insecure_channel(address, options=_CHANNEL)
    return grpc.secure_channel(address, credentials, options=_CHANNEL)


def _credentials(access: Access) -> grpc.ChannelCredentials:
    files = (access.root_certificates, access.private_key, access.certificate)
    root, key, chain = (None if file is None else Path(file).read_bytes() for file in files)
    return grpc.ssl_channel_credentials(root_certificates=root, private_key=key, certificate_chain=chain)


def _given(tensor: Tensor) -> triton.InferInput:
    given = triton.InferInput(tensor.name, list(tensor.values.shape), tensor.datatype)
    given.set_data_from_numpy(tensor.values)
    return given


@contextlib.contextmanager
def _sorted() -> Iterator[None]:
    try:
        yield
    except InferenceServerException as error:
        raise CallFailed(_kind(error), str(error.message() or error)) from error
    except grpc.RpcError as error:
        # What is raised by a call is one, too; the library does not say so in its types.
        code, words = (error.code(), error.details()) if isinstance(error, grpc.Call) else (None, None)
        told = InferenceServerException(words or str(error), status=str(code))
        raise CallFailed(_kind(told), str(told.message())) from error


def _kind(error: InferenceServerException) -> Kind:
    if error.status() is None:  # the client's own refusal, of a tensor that does not fit what it says of itself
        return Kind.REJECTED
    # Only the words tell Triton's own UNAVAILABLE from a connection that could not be made.
    return kind_of_words(str(error.message())) or _KINDS.get(error.status(), Kind.UNREACHABLE)
