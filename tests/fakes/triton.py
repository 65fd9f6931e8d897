"""A Triton that lies or stumbles on request, over real gRPC, for what the real one does not do on demand.

Its honest side (load, config, index) is run by the same tests as the real one where that is possible.
"""

import contextlib
import json
from collections.abc import Iterator
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import json_format
from tritonclient.grpc import service_pb2, service_pb2_grpc

from reconciler.core.jsonvalue import JsonObject


@dataclass(slots=True, kw_only=True)
class State:
    """What it serves (config by model), and how it misbehaves.

    `ignored_loads`: so many loads answer OK and change nothing. `refusals`: (code, words) for the next loads.
    `index_failures`: so many index calls fail as they do while directories change. `config_refusals` and
    `unload_refusals`: as `refusals`, for calls that read a config or unload. `not_asked_for`: models that are up again
    after a refused unload, which further ones do not touch until they are loaded by name. `kept`: models that it
    does not let go, whoever asks.
    """

    configs: dict[str, JsonObject] = field(default_factory=dict)
    ignored_loads: int = 0
    refusals: list[tuple[grpc.StatusCode, str]] = field(default_factory=list)
    index_failures: int = 0
    config_refusals: list[tuple[grpc.StatusCode, str]] = field(default_factory=list)
    unload_refusals: list[tuple[grpc.StatusCode, str]] = field(default_factory=list)
    not_asked_for: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)


class _Service(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    """The few calls that the adapter makes."""

    def __init__(self, state: State) -> None:
        self.state = state

    def ServerMetadata(self, _request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: N802
        return service_pb2.ServerMetadataResponse(name="fake", version="0")

    def RepositoryIndex(self, _request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if self.state.index_failures:
            self.state.index_failures -= 1
            context.abort(grpc.StatusCode.INTERNAL, "failed to stat file /models/x")
        rows = [{"name": name, "version": "1", "state": "READY"} for name in sorted(self.state.configs)]
        return json_format.ParseDict({"models": rows}, service_pb2.RepositoryIndexResponse())

    def ModelStatistics(self, _request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: N802
        rows = [{"name": name, "version": "1"} for name in sorted(self.state.configs)]
        return json_format.ParseDict({"model_stats": rows}, service_pb2.ModelStatisticsResponse())

    def ModelConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if self.state.config_refusals:
            context.abort(*self.state.config_refusals.pop(0))
        config = self.state.configs.get(request.name)
        if config is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Request for unknown model: '{request.name}' is not found")
        return json_format.ParseDict({"config": config}, service_pb2.ModelConfigResponse())

    def RepositoryModelLoad(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if self.state.refusals:
            context.abort(*self.state.refusals.pop(0))
        if self.state.ignored_loads:
            self.state.ignored_loads -= 1
        elif "config" in request.parameters:
            self.state.configs[request.model_name] = json.loads(request.parameters["config"].string_param)
        self.state.not_asked_for.discard(request.model_name)
        return service_pb2.RepositoryModelLoadResponse()

    def RepositoryModelUnload(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if request.model_name in self.state.kept:
            context.abort(grpc.StatusCode.INTERNAL, "the server is busy with other things")
        if self.state.unload_refusals:
            self.state.not_asked_for.add(request.model_name)
            context.abort(*self.state.unload_refusals.pop(0))
        if request.model_name in self.state.not_asked_for:
            return service_pb2.RepositoryModelUnloadResponse()
        self.state.configs.pop(request.model_name, None)
        return service_pb2.RepositoryModelUnloadResponse()


@contextlib.contextmanager
def fake_triton() -> Iterator[tuple[str, State]]:
    """Its address, and the state that the test changes."""
    state = State()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(_Service(state), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"grpc://127.0.0.1:{port}", state
    finally:
        server.stop(None).wait()
