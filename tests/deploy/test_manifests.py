"""What deploy/kubernetes says is so: for Kubernetes, for our own command line, and for whoever looks after security."""

import re
from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import pytest

from reconciler import cli
from tests.deploy.manifests import (
    KUBERNETES,
    OVERLAYS,
    ROOT,
    Container,
    built,
    containers,
    documents,
    of_kind,
    templates,
    text,
)

CREDENTIALS = "/etc/reconcile/credentials/"
NOT_YET = frozenset({"run"} - set(cli.COMMANDS))
VERSIONS = ("1.31", "1.37")
"""The oldest Kubernetes that knows all that is used, and the newest whose schemas are here."""


def settings(overlay: str) -> dict[str, str]:
    """The variables of the ConfigMap."""
    (one,) = of_kind(overlay, "ConfigMap").values()
    return dict(one["data"])


def all_containers() -> list[Any]:
    return [pytest.param(one, id=one.place) for overlay in OVERLAYS for one in containers(overlay)]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_document_is_one_that_kubernetes_takes_to_the_letter(overlay: str, version: str) -> None:
    for one in documents(overlay):
        assert kubernetes_validate.validate(one, version, strict=True) == version


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_program_runs_in_it_and_each_flag_is_one_that_it_has(overlay: str) -> None:
    lines = [line for one in containers(overlay) for line in one.command_lines()]
    assert len(lines) == 1
    (line,) = lines
    if line[0] in NOT_YET:
        pytest.skip(f"there is no `reconcile {line[0]}` yet")
    command = cli.group.get_command(click.Context(cli.group), line[0])
    assert command is not None
    context = command.make_context(line[0], list(line[1:]), resilient_parsing=False)
    assert context.params["server"] != ()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_variable_is_one_that_the_program_reads(overlay: str) -> None:
    sources = "".join(path.read_text() for path in (ROOT / "reconciler").rglob("*.py"))
    apply = cli.group.get_command(click.Context(cli.group), "apply")
    assert apply is not None
    flags = {name for option in apply.params if isinstance(option.envvar, str) for name in [option.envvar]}
    ours = {name for name in settings(overlay) if name.startswith("RECONCILE_")}
    assert ours
    assert {name for name in ours - flags if f'"{name}"' not in sources} == set()
    others = set(settings(overlay)) - ours
    assert others == {"AWS_SHARED_CREDENTIALS_FILE"}  # botocore's own


def test_the_variables_that_are_commented_out_are_read_too() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "reconciler").rglob("*.py"))
    named = re.findall(r"^# ([A-Z_]+)=", (KUBERNETES / "base" / "settings.env").read_text(), re.MULTILINE)
    assert named == ["RECONCILE_GIT_SSH_KEY", "RECONCILE_GIT_KNOWN_HOSTS", "OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert [name for name in named if f'"{name}"' not in sources] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_pods_refer_to_is_there_or_told_in_the_docs(overlay: str) -> None:
    told = (ROOT / "docs" / "kubernetes.md").read_text()
    maps, claims, accounts = (
        of_kind(overlay, kind) for kind in ("ConfigMap", "PersistentVolumeClaim", "ServiceAccount")
    )
    for _, template in templates(overlay):
        assert template["spec"]["serviceAccountName"] in accounts
        for volume in template["spec"]["volumes"]:
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in claims
            if "secret" in volume:
                assert f"create secret generic {volume['secret']['secretName']} " in told
    for one in containers(overlay):
        for source in one.spec.get("envFrom", []):
            assert source["configMapRef"]["name"] in maps


@pytest.mark.parametrize("one", all_containers())
def test_what_a_container_mounts_and_probes_is_its_own(one: Container) -> None:
    volumes = {volume["name"] for volume in one.pod["volumes"]}
    assert {mount["name"] for mount in one.spec["volumeMounts"]} <= volumes
    ports = {port["name"] for port in one.spec.get("ports", [])}
    probes = [one.spec[kind] for kind in ("startupProbe", "livenessProbe", "readinessProbe") if kind in one.spec]
    assert {probe["httpGet"]["port"] for probe in probes} <= ports


@pytest.mark.parametrize("one", all_containers())
def test_the_restricted_profile_of_pod_security_holds(one: Container) -> None:
    pod, own = one.pod["securityContext"], one.spec["securityContext"]
    assert pod["runAsNonRoot"] is True
    assert own.get("runAsUser", pod["runAsUser"]) > 0
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own["allowPrivilegeEscalation"] is False
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert own.get("privileged", False) is False
    kinds = {kind for volume in one.pod["volumes"] for kind in volume} - {"name"}
    assert kinds <= {"configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"}
    assert {"hostNetwork", "hostPID", "hostIPC"} & set(one.pod) == set()
    assert [port for port in one.spec.get("ports", []) if "hostPort" in port] == []


@pytest.mark.parametrize("one", all_containers())
def test_nothing_is_writable_but_volumes_and_nothing_is_without_limits(one: Container) -> None:
    assert one.spec["securityContext"]["readOnlyRootFilesystem"] is True
    assert "/tmp" in {mount["mountPath"] for mount in one.spec["volumeMounts"]} or one.name == "repository"
    assert set(one.spec["resources"]["requests"]) == {"cpu", "memory", "ephemeral-storage"}
    assert set(one.spec["resources"]["limits"]) >= {"memory", "ephemeral-storage"}
    for volume in one.pod["volumes"]:
        assert "emptyDir" not in volume or "sizeLimit" in volume["emptyDir"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_pod_has_any_right_in_the_cluster(overlay: str) -> None:
    assert {one["kind"] for one in documents(overlay)} & {"Role", "ClusterRole", "RoleBinding"} == set()
    for account in of_kind(overlay, "ServiceAccount").values():
        assert account["automountServiceAccountToken"] is False
    for _, template in templates(overlay):
        assert template["spec"]["automountServiceAccountToken"] is False


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_secrets_are_files_and_in_no_variable(overlay: str) -> None:
    assert of_kind(overlay, "Secret") == {}
    assert "secretKeyRef" not in text(overlay)
    assert "secretRef" not in text(overlay)
    known = {"git-token", "git-ssh-key", "git-known-hosts", "aws-credentials"}
    named = {value for value in settings(overlay).values() if value.startswith("/etc/")}
    assert {path.removeprefix(CREDENTIALS) for path in named} <= known
    for one in containers(overlay):
        mounts = {mount["name"]: mount for mount in one.spec["volumeMounts"]}
        if one.command_lines():
            assert mounts["credentials"]["readOnly"] is True
            assert mounts["credentials"]["mountPath"] + "/" == CREDENTIALS
        else:
            assert "credentials" not in mounts


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_selectors_find_what_they_are_meant_for(overlay: str) -> None:
    pods = [template["metadata"]["labels"].items() for _, template in templates(overlay)]
    for owner in of_kind(overlay, "Deployment", "StatefulSet").values():
        selected = owner["spec"]["selector"]["matchLabels"].items()
        assert selected <= owner["spec"]["template"]["metadata"]["labels"].items()
    for service in of_kind(overlay, "Service").values():
        found = [labels for labels in pods if service["spec"]["selector"].items() <= labels]
        assert len(found) == 1
        ports = {port["name"] for one in containers(overlay) for port in one.spec.get("ports", [])}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    for policy in of_kind(overlay, "NetworkPolicy").values():
        assert any(policy["spec"]["podSelector"]["matchLabels"].items() <= labels for labels in pods)
    for budget in of_kind(overlay, "PodDisruptionBudget").values():
        assert any(budget["spec"]["selector"]["matchLabels"].items() <= labels for labels in pods)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_pod_in_which_the_program_runs_may_ask_what_it_needs_and_nothing_else(overlay: str) -> None:
    for one in containers(overlay):
        assert (one.pod_labels.get("reconcile") == "true") >= bool(one.command_lines())
    policies = of_kind(overlay, "NetworkPolicy")
    assert all(set(one["spec"]["policyTypes"]) == {"Ingress", "Egress"} for one in policies.values())
    allowed = {port["port"] for rule in policies["reconcile"]["spec"]["egress"] for port in rule["ports"]}
    assert allowed == {53, 443, 22, 8001}
    assert policies["triton"]["spec"].get("egress", []) == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_server_that_is_named_is_a_service_or_the_pod_itself(overlay: str) -> None:
    (line,) = [line for one in containers(overlay) for line in one.command_lines()]
    address = line[line.index("--server") + 1]
    if address == "none":
        return
    host = re.fullmatch(r"(?:dns\+)?grpc://([a-z-]+):8001", address)
    assert host is not None
    headless = address.startswith("dns+")
    assert (
        host[1] == "localhost" or (of_kind(overlay, "Service")[host[1]]["spec"].get("clusterIP") == "None") is headless
    )


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_triton_serves_the_folder_of_the_volume_in_explicit_mode(overlay: str) -> None:
    (triton,) = [one for one in containers(overlay) if one.name == "triton"]
    assert "--model-control-mode=explicit" in triton.spec["args"]
    assert f"--model-repository={settings(overlay)['RECONCILE_VOLUME']}/models" in triton.spec["args"]
    mounts = {mount["name"]: mount for mount in triton.spec["volumeMounts"]}
    assert (mounts["models"]["mountPath"], mounts["models"]["readOnly"]) == ("/models", True)


def test_batch_runs_follow_one_another_and_end() -> None:
    spec = of_kind("cronjob", "CronJob")["reconcile"]["spec"]
    job = spec["jobTemplate"]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["startingDeadlineSeconds"] >= 10
    assert 0 <= job["backoffLimit"] <= 3
    assert job["activeDeadlineSeconds"] > job["template"]["spec"]["terminationGracePeriodSeconds"]
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    hopeless = job["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"]
    assert set(hopeless) == {3, 4, 64, 65}


def test_the_sidecar_is_a_native_one_that_outlives_triton() -> None:
    (one,) = [one for one in containers("sidecar") if one.name == "reconcile"]
    assert one.spec in one.pod["initContainers"]
    assert one.spec["restartPolicy"] == "Always"
    assert "startupProbe" not in one.spec


def test_there_is_one_run_for_one_volume() -> None:
    spec = of_kind("fleet", "Deployment")["reconcile"]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert of_kind("fleet", "Service")["triton-headless"]["spec"]["publishNotReadyAddresses"] is True


def test_a_start_that_met_faults_in_some_models_lets_triton_serve_the_others() -> None:
    (one,) = [one for one in containers("init-container") if one.name == "reconcile"]
    assert "case $? in 0|6|65) exit 0;; *) exit 1;; esac" in one.spec["args"][0]


def test_the_gpu_component_gives_each_triton_one(tmp_path: Path) -> None:
    for overlay in OVERLAYS:
        folder = tmp_path / overlay
        folder.mkdir()
        up = Path("../" * len(folder.parts[1:])) / str(KUBERNETES).lstrip("/")
        (folder / "kustomization.yaml").write_text(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
            f"resources: [{up}/overlays/{overlay}]\ncomponents: [{up}/components/gpu]\n"
        )
        assert built(folder).count('nvidia.com/gpu: "1"') == 1


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_docs_name_every_overlay_and_how_to_apply_it(overlay: str) -> None:
    told = (ROOT / "docs" / "kubernetes.md").read_text()
    assert f"`{overlay}`" in told


def test_the_schemas_refuse_what_is_misspelt() -> None:
    one = of_kind("cronjob", "CronJob")["reconcile"]
    one["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["imagePullPolice"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(one, VERSIONS[0], strict=True)
