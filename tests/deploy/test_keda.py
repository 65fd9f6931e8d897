"""deploy/keda, held against a strict schema of our own: the fields of KEDA's v1alpha1 CRD that are used there.

KEDA's own CRD is not here: what this proves is that no field is misspelt, misplaced or of another type.
"""

import jsonschema
import pytest
import yaml

from tests.deploy.manifests import ROOT, Document, of_kind

NUMBER = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"}
NATURAL = {"type": "integer", "minimum": 0}


def only(properties: Document, *required: str) -> Document:
    """An object with these fields and no others."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


POLICY = only(
    {
        "type": {"enum": ["Pods", "Percent"]},
        "value": {"type": "integer", "minimum": 1},
        "periodSeconds": {"type": "integer", "minimum": 1, "maximum": 1800},
    },
    "type",
    "value",
    "periodSeconds",
)
RULES = only(
    {
        "stabilizationWindowSeconds": {"type": "integer", "minimum": 0, "maximum": 3600},
        "selectPolicy": {"enum": ["Max", "Min", "Disabled"]},
        "policies": {"type": "array", "items": POLICY, "minItems": 1},
    }
)
PROMETHEUS = only(
    {
        "serverAddress": {"type": "string", "format": "uri"},
        "query": {"type": "string"},
        "threshold": NUMBER,
        "activationThreshold": NUMBER,
        "namespace": {"type": "string"},
        "ignoreNullValues": {"enum": ["true", "false"]},
        "unsafeSsl": {"enum": ["true", "false"]},
    },
    "serverAddress",
    "query",
    "threshold",
)
TRIGGER = only(
    {
        "type": {"const": "prometheus"},
        "name": {"type": "string"},
        "metricType": {"enum": ["AverageValue", "Value"]},
        "metadata": PROMETHEUS,
        "authenticationRef": only({"name": {"type": "string"}}, "name"),
    },
    "type",
    "metadata",
)
SPEC = only(
    {
        "scaleTargetRef": only(
            {name: {"type": "string"} for name in ("apiVersion", "kind", "name", "envSourceContainerName")}, "name"
        ),
        "pollingInterval": NATURAL,
        "cooldownPeriod": NATURAL,
        "minReplicaCount": NATURAL,
        "maxReplicaCount": NATURAL,
        "fallback": only({"failureThreshold": NATURAL, "replicas": NATURAL}, "failureThreshold", "replicas"),
        "advanced": only(
            {
                "restoreToOriginalReplicaCount": {"type": "boolean"},
                "horizontalPodAutoscalerConfig": only({"behavior": only({"scaleUp": RULES, "scaleDown": RULES})}),
            }
        ),
        "triggers": {"type": "array", "items": TRIGGER, "minItems": 1},
    },
    "scaleTargetRef",
    "triggers",
)
SCALED_OBJECT = only(
    {
        "apiVersion": {"const": "keda.sh/v1alpha1"},
        "kind": {"const": "ScaledObject"},
        "metadata": only({"name": {"type": "string"}}, "name"),
        "spec": SPEC,
    },
    "apiVersion",
    "kind",
    "metadata",
    "spec",
)


def scaled_object() -> Document:
    found: Document = yaml.safe_load((ROOT / "deploy" / "keda" / "scaledobject.yaml").read_text())
    return found


def test_the_example_has_only_fields_that_keda_has() -> None:
    jsonschema.validate(scaled_object(), SCALED_OBJECT)


def test_a_misspelt_field_would_be_found() -> None:
    wrong = scaled_object()
    wrong["spec"]["triggers"][0]["metadata"]["treshold"] = "1"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCALED_OBJECT)


def test_it_scales_what_the_sidecar_overlay_brings_and_never_to_zero() -> None:
    spec = scaled_object()["spec"]
    target = spec["scaleTargetRef"]
    assert target["name"] in of_kind("sidecar", target["kind"])
    assert 1 <= spec["minReplicaCount"] <= spec["fallback"]["replicas"] <= spec["maxReplicaCount"]


def test_it_asks_for_triton_s_own_queue() -> None:
    assert "nv_inference_pending_request_count" in scaled_object()["spec"]["triggers"][0]["metadata"]["query"]
