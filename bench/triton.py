"""A stand-in for a Triton with thousands of models: over gRPC it answers what was recorded, and nothing else.

Answers are kept as they go over the wire, so that little of this machine's time goes to it.
`python -m bench.triton VOLUME` serves what is active on the volume, prints its port, and ends with its input.
"""

import os
import sys
from collections.abc import Callable
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import json_format
from tritonclient.grpc import service_pb2 as wire

from reconciler.core.artifact import CONFIG_FILE, resource_marked
from reconciler.core.configs.modelconfig import from_pbtxt
from reconciler.core.spec import Resources

_TAKES = Resources(memory=64 << 20, gpu_memory=128 << 20)
"""What the models of bench.repositories declare; ensembles declare nothing."""


def recorded(volume: str) -> dict[str, bytes]:
    """The answers about the config of each model that is active, as they would be once it is loaded."""
    models = os.path.join(volume, "models")
    return {name: _config(os.path.join(models, name, CONFIG_FILE)) for name in sorted(os.listdir(models))}


def _config(path: str) -> bytes:
    with open(path, "rb") as stream:
        config = from_pbtxt(stream.read())
    marked = config if "ensemble_scheduling" in config else resource_marked(config, _TAKES)
    message = json_format.ParseDict({"config": marked}, wire.ModelConfigResponse())
    return bytes(message.SerializeToString())


def answers(volume: str) -> dict[str, Callable[[bytes], bytes]]:
    """What is said to each call, by its name."""
    configs = recorded(volume)
    index = [{"name": name, "version": "1", "state": "READY"} for name in configs]
    listed = json_format.ParseDict({"models": index}, wire.RepositoryIndexResponse()).SerializeToString()
    rows = [{"name": name, "version": "1"} for name in configs]
    loaded = json_format.ParseDict({"model_stats": rows}, wire.ModelStatisticsResponse()).SerializeToString()
    server = wire.ServerMetadataResponse(name="stand-in", version="0").SerializeToString()
    nothing = wire.RepositoryModelUnloadResponse().SerializeToString()
    return {
        "ServerMetadata": lambda _: server,
        "RepositoryIndex": lambda _: listed,
        "ModelStatistics": lambda _: loaded,
        "ModelConfig": lambda request: configs[wire.ModelConfigRequest.FromString(request).name],
        "RepositoryModelUnload": lambda _: nothing,
    }


def _handler(answer: Callable[[bytes], bytes]) -> Any:
    return grpc.unary_unary_rpc_method_handler(lambda request, _: answer(request))


def main(volume: str) -> int:
    """Serves until its input ends."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), options=[("grpc.max_send_message_length", -1)])
    handlers = {name: _handler(answer) for name, answer in answers(volume).items()}
    service = grpc.method_handlers_generic_handler("inference.GRPCInferenceService", handlers)
    server.add_generic_rpc_handlers((service,))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(None).wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
