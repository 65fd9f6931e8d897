"""The JSON Schema of reconciler.yaml (spec §2.3)."""

from reconciler.core.jsonvalue import JsonObject
from reconciler.core.quantities import PERCENTAGE
from reconciler.core.schemas.schema_fields import (
    a,
    amount,
    choice,
    duration,
    flag,
    head,
    keyed,
    listing,
    mapping,
    name,
    target_name,
    text,
    texts,
)  # fmt: skip
from reconciler.core.schemas.schema_model import CONFIG, LOAD, UPDATE, config
from reconciler.core.spec import ModelSigners

_SERVER = r"^((dns\+grpc|grpcs?)://[^/?#@\s]+:[0-9]{1,5}|(dns\+http|https?)://[^/?#@\s]+)/?$"
_ENDPOINT = r"^https?://[^/?#@\s]+(/[^@\s]*)?$"
_COMMIT_URL = r"^https?://[A-Za-z0-9.:\[\]-]+/[A-Za-z0-9._~/%+:?=&#-]*\{revision\}[A-Za-z0-9._~/%+:?=&#-]*$"
_BRANCH = r"^(?!HEAD$|refs/)(?!.*(\.\.|//|/\.|\.lock(/|$)|[/.]$))[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$"
_INSIDE = r"^(?!/)(?!.*(^|/)\.{1,2}(/|$))(?!.*//)[^\x00-\x1f\\]+$"
_KEY = text("A label.", "tier", minLength=1, says="the key of a label")

_DEFAULTS = mapping(
    "What holds for every model that does not say otherwise.",
    {"load": {"timeout": "10m"}, "update": "auto"},
    {
        "config": config(
            "Fields of Triton's ModelConfig; the packaged config.pbtxt and the model's own win over them."
        ),
        "load": LOAD,
        "update": UPDATE,
    },
)

_SIGNERS: JsonObject = {
    "if": {"properties": {"mode": {"const": "head"}}, "required": ["mode"]},
    "then": {
        "anyOf": [{"required": ["allowedSigners"]}, {"required": ["gpgKeys"]}],
        "errorMessage": "expected allowedSigners, gpgKeys or both beside `mode: head`",
    },
}
_VERIFY = mapping(
    "Whether the commit that is applied must be signed.",
    {"mode": "head", "allowedSigners": ".reconciler/allowed_signers"},
    {
        "mode": choice("head: the commit that is applied must carry a signature of somebody listed.", "none", "head"),
        "allowedSigners": text(
            "A file of this repository with SSH signers, as `git` and `ssh-keygen -Y verify` read it.",
            ".reconciler/allowed_signers",
            pattern=_INSIDE,
            says="the path of a file in this repository, such as .reconciler/allowed_signers",
        ),
        "revokedSigners": text(
            "A file of this repository with SSH public keys that count no more, whenever they signed.",
            ".reconciler/revoked_signers",
            pattern=_INSIDE,
            says="the path of a file in this repository, such as .reconciler/revoked_signers",
        ),
        "gpgKeys": text(
            "A folder of this repository with OpenPGP public keys, armoured or not: *.asc, *.gpg, *.pgp, *.key, *.pub.",
            ".reconciler/keys/",
            pattern=_INSIDE,
            says="the path of a folder in this repository, such as .reconciler/keys/",
        ),
    },
    required=["mode"],
    allOf=[_SIGNERS],
)

_USUAL = ModelSigners()
_VERIFY_MODELS = mapping(
    "Whether models must be signed in the OpenSSF format for models (the tool is `model_signing`).",
    {"mode": "require", "keys": _USUAL.folder},
    {
        "mode": choice("require: every source must be signed by the owner of one of the keys.", "none", "require"),
        "keys": text(
            "A folder of this repository with public keys of elliptic curves, in PEM, each in a file *.pem or *.pub.",
            _USUAL.folder,
            pattern=_INSIDE,
            says=f"the path of a folder in this repository, such as {_USUAL.folder}",
            default=_USUAL.folder,
        ),
        "signature": text(
            "The name of the signature, a file at the root of each source.",
            _USUAL.signature,
            pattern=r"^(?!\.{1,2}$)[^/\\\x00-\x1f]{1,255}$",
            says=f"the name of a file, such as {_USUAL.signature}",
            default=_USUAL.signature,
        ),
    },
    required=["mode"],
)

_FREEZE = mapping(
    "A time in which nothing but drift is mended: every model stays what it is.",
    {"cron": "0 18 * * 5", "duration": "62h", "timezone": "Europe/Berlin", "reason": "weekend"},
    {
        "cron": text("When it begins: minute, hour, day, month, day of the week.", "0 18 * * 5", minLength=9),
        "duration": duration("How long it lasts.", "62h"),
        "timezone": text("The zone of the cron expression.", "Europe/Berlin", minLength=1, default="UTC"),
        "reason": text("What plans and statuses say of it.", "weekend"),
    },
    required=["cron", "duration"],
)

_POLICY = mapping(
    "What a run must not do.",
    {"requireDigest": True, "maxRemovals": "30%"},
    {
        "allowedSources": listing(
            "Sources must lie below one of these prefixes; a prefix ends at a '/'.", ["s3://models-prod/"],
            text("A prefix.", "s3://models-prod/", "hf://our-org/", minLength=1, says="a prefix such as s3://models/"),
        ),
        "requireDigest": flag("Every source must carry a digest.", example=True, default=False),
        "maxRemovals": a(
            ["integer", "string"], "How much of what we serve one run may remove: a count or a percentage.", [3, "30%"],
            minimum=0, maximum=10**9, pattern=PERCENTAGE, says="a count such as 3 or a percentage such as 30%",
        ),
        "allowEmpty": flag("Whether a run may remove everything.", example=False, default=False),
        "freeze": listing(
            "Times in which only drift is mended.",
            [{"cron": "0 18 * * 5", "duration": "62h"}],
            _FREEZE,
        ),
        "verifyCommits": _VERIFY,
        "verifyModels": _VERIFY_MODELS,
    },
)  # fmt: skip

_CREDENTIALS = keyed(
    "Profiles by name: where secrets are found, never the secrets.",
    {"prod-s3": {"endpointUrl": "https://s3.example.com", "fromEnv": "PROD_"}},
    name("The profile's name.", "prod-s3"),
    mapping(
        "A profile.", {"fromEnv": "PROD_"},
        {
            "endpointUrl": text("The store's address.", "https://s3.example.com", pattern=_ENDPOINT,
                                says="an http or https URL without user or password"),
            "profile": text("A profile of the store's own configuration on the machine.", "prod", minLength=1),
            "fromEnv": text("The prefix of the environment variables that hold the secrets.", "PROD_",
                            pattern="^[A-Za-z_][A-Za-z0-9_]*$", says="the beginning of variable names, such as PROD_"),
        },
    ),
)  # fmt: skip

_VALUES: JsonObject = {
    "if": {"properties": {"operator": {"enum": ["Exists", "DoesNotExist"]}}},
    "then": {"properties": {"values": {"maxItems": 0, "errorMessage": "expected no values with Exists"}}},
    "else": {
        "required": ["values"],
        "properties": {"values": {"minItems": 1, "errorMessage": "expected at least one value with In and NotIn"}},
    },
}
_REQUIREMENT = mapping(
    "One condition on a label.", {"key": "tier", "operator": "In", "values": ["gold"]},
    {
        "key": _KEY,
        "operator": choice("How the label is compared.", "In", "NotIn", "Exists", "DoesNotExist"),
        "values": listing("What it is compared with (In and NotIn only).", ["gold"], text("A value.", "gold")),
    },
    required=["key", "operator"],
    allOf=[_VALUES],
)  # fmt: skip

_TARGET = mapping(
    "One volume and the servers on it.",
    {"servers": ["grpc://triton-0:8001"], "volume": "/models"},
    {
        "servers": listing(
            "The servers' addresses; grpc is much to be preferred: loads over http hold up inference.", ["grpc://triton-0:8001"],
            text("An address.", "grpc://triton-0:8001", "dns+grpc://triton-headless:8001", pattern=_SERVER,
                 says="an address such as grpc://triton-0:8001 or dns+grpc://triton-headless:8001"),
        ),
        "volume": text("The model volume as this program sees it.", "/models", pattern=r"^[^\x00-\x1f\x7f]+$",
                       says="the path of the model volume, such as /models"),
        "selector": mapping(
            "Which models belong here; all, if it is empty.", {"matchLabels": {"tier": "gold"}},
            {
                "matchLabels": texts("Labels that a model must have.", {"tier": "gold"}),
                "matchExpressions": listing("Conditions that must all hold.", [], _REQUIREMENT),
            },
        ),
        "capacity": mapping(
            "What there is.", {"memory": "64Gi", "gpuMemory": "80Gi", "disk": "500Gi"},
            {
                "memory": amount("Main memory of a server.", "64Gi"),
                "gpuMemory": amount("Memory of a server's GPUs.", "80Gi"),
                "disk": amount("Disk of the volume.", "500Gi"),
            },
        ),
        "backends": listing("The Triton backends that the servers have.", ["onnxruntime", "python"],
                            text("A backend.", "onnxruntime", minLength=1, says="the name of a backend")),
    },
)  # fmt: skip

_SPEC = mapping(
    "Defaults, policy, credentials, targets, status.",
    {"policy": {"requireDigest": True}, "targets": {"prod": {"volume": "/models"}}},
    {
        "defaults": _DEFAULTS,
        "policy": _POLICY,
        "credentials": _CREDENTIALS,
        "targets": keyed(
            "Targets by name.", {"prod": {"volume": "/models"}}, target_name("The target's name.", "prod"), _TARGET
        ),
        "status": mapping(
            "Where the status is written.", {"branch": "reconciler-status"},
            {"branch": text("The branch of the status.", "reconciler-status", pattern=_BRANCH,
                            default="reconciler-status",
                            says="the name of a git branch such as reconciler-status"),
             "commitUrl": text("Where the web shows a commit, if that does not follow from the remote's address.",
                               "https://git.example/models/commit/{revision}", pattern=_COMMIT_URL,
                               says="an http(s) URL with {revision} in it, such as https://git.example/models/commit/{revision}")},
        ),
    },
)  # fmt: skip


def repository_schema() -> JsonObject:
    """The schema of reconciler.yaml."""
    fields = {**head("Repository"), "spec": _SPEC}
    example: JsonObject = {"apiVersion": "reconciler/v1", "kind": "Repository", "spec": {}}
    whole = mapping("Settings of a configuration repository.", example, fields, required=list(fields))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Repository",
        **whole,
        "$defs": CONFIG["$defs"],
    }
