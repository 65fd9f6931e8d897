"""Every example of the documentation is held against the program, or says why it cannot be."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import pytest
import yaml

from reconciler import cli
from reconciler.core.checking import conformance, documents, validators
from reconciler.core.checking.nodes import Document
from reconciler.core.imports import kserve, seldon, tfserving
from reconciler.core.parsing import parse
from tests.docs.blocks import Block, arguments, blocks, command_lines

BLOCKS = blocks()
MOST_EXCUSES = 12
"""A page full of examples that nobody can try is not what this is for."""

RULES = {"Lock": validators.LOCK, "Repository": validators.REPOSITORY}
PROFILES = b"""
apiVersion: reconciler/v1
kind: Repository
spec: {credentials: {minio: {fromEnv: MINIO_}, prod-s3: {profile: prod}}}
"""
KUBERNETES = "1.31"
LANGUAGES = {"sh", "yaml", "json", "proto", "python", "text"}


def of(*languages: str) -> list[Any]:
    chosen = [block for block in BLOCKS if block.language in languages and not block.excuse]
    return [pytest.param(block, id=block.place) for block in chosen]


def test_every_fence_says_what_it_holds() -> None:
    assert [block.place for block in BLOCKS if block.language not in LANGUAGES] == []


def test_few_examples_are_not_tested_and_each_says_why() -> None:
    excused = [block for block in BLOCKS if block.excuse]
    assert len(excused) <= MOST_EXCUSES
    assert [block.place for block in excused if len(block.excuse.split()) < 3] == []


@pytest.mark.parametrize("block", of("yaml"))
def test_every_yaml_is_valid_for_whoever_reads_it(block: Block, tmp_path: Path) -> None:
    for document in filter(None, yaml.safe_load_all(block.text)):
        valid(document, tmp_path)


def valid(document: Any, folder: Path) -> None:
    if document.keys() & {"jobs", "repos"}:
        of_a_tool(document, folder)
    elif "apiVersion" in document:
        resource(document)
    else:
        fragment(document)


def resource(document: Any) -> None:
    """Ours, or Kubernetes' own, or what `reconcile import` reads."""
    group, text = document["apiVersion"].partition("/")[0], yaml.safe_dump(document).encode()
    match group:
        case "reconciler":
            ours(document)
        case "serving.kserve.io" if document["kind"] == "TrainedModel":
            assert kserve.trainedmodels("docs", text, None).results
        case "mlops.seldon.io":
            assert seldon.models("docs", text, None).results
        case "kustomize.config.k8s.io":
            assert document.keys() <= {"apiVersion", "kind", "namespace", "resources", "images", "configMapGenerator",
                                       "patches", "components"}  # fmt: skip
        case _:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)


def ours(document: Any) -> None:
    """A file of a configuration repository; the files that a policy names are not here."""
    text = yaml.safe_dump(document).encode()
    if document["kind"] == "Model":
        name = document["metadata"]["name"]
        files = {f"models.d/{name}.yaml": text, "reconciler.yaml": PROFILES}
        desired = parse.parse(files, revision="0" * 40, root="/repository")
        assert (desired.problems, desired.rejected) == ((), {})
    else:
        read = documents.load("document.yaml", text)
        assert isinstance(read, Document)
        assert conformance.conform(read, RULES[document["kind"]])[1] == ()


def fragment(document: Any) -> None:
    """A part of reconciler.yaml or of a model."""
    spec = document.get("spec", document)
    if spec.keys() & {
        "framework",
        "source",
        "versions",
        "load",
        "update",
        "resources",
        "suspend",
        "probe",
        "dependsOn",
    }:
        whole = {"framework": "python", "source": "s3://models/x/", **spec}
        ours({"apiVersion": "reconciler/v1", "kind": "Model", "metadata": {"name": "x"}, "spec": whole})
    else:
        ours({"apiVersion": "reconciler/v1", "kind": "Repository", "spec": spec})


def of_a_tool(document: Any, folder: Path) -> None:
    """Read with YAML 1.1, `on` is True."""
    kind = "github-workflows" if "jobs" in document else "pre-commit-config"
    if kind == "pre-commit-config":
        file = folder / "config.yaml"
        file.write_text(yaml.safe_dump(document))
        command = ["pre_commit", "validate-config", str(file)]
    else:
        file = folder / "workflow.json"
        file.write_text(json.dumps({"on" if key is True else key: value for key, value in document.items()}))
        command = ["check_jsonschema", "--builtin-schema", f"vendor.{kind}", str(file)]
    subprocess.run([sys.executable, "-m", *command], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("block", of("json"))
def test_every_json_is_json(block: Block) -> None:
    text = block.text.strip()
    json.loads(text if text.startswith(("{", "[")) else f"{{{text}}}")


@pytest.mark.parametrize("block", of("proto"))
def test_every_list_of_tensorflow_serving_can_be_imported(block: Block) -> None:
    assert tfserving.models("docs", block.text.encode(), None).results


@pytest.mark.parametrize("block", of("sh"))
def test_every_shell_is_one(block: Block) -> None:
    subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)


@pytest.mark.parametrize("block", of("sh"))
def test_what_is_not_our_program_is_run_by_a_test_or_says_why_it_is_not(block: Block) -> None:
    lines = [line for line in block.text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    assert block.executed or all(line.startswith("reconcile ") for line in lines)


@pytest.mark.parametrize(("page", "command", "whole"), sorted(command_lines()))
def test_every_command_line_is_one_that_the_program_takes(page: str, command: str, whole: bool) -> None:
    words, context = arguments(command), click.Context(cli.group, info_name=cli.NAME)
    found: click.Command = cli.group
    while isinstance(found, click.Group) and words and re.fullmatch("[a-z]+", words[0]):
        _, inner, words = found.resolve_command(context, words)
        assert inner is not None, page
        found = inner
    if isinstance(found, click.Group) or not whole or re.search(r"[…[|]|--help", command):
        assert options_in(words) <= known(found), page
    else:
        taken(found, words, context)


def taken(command: click.Command, words: list[str], context: click.Context) -> None:
    """Files that it names need not be here."""
    try:
        command.make_context(command.name, list(words), parent=context)
    except click.BadParameter as error:
        if "does not exist" not in error.message:
            raise


def options_in(words: list[str]) -> set[str]:
    stripped = [word.strip("[]").partition("=")[0] for word in words]
    return {word for word in stripped if word.startswith("-") and len(word) > 1}


def known(command: click.Command) -> set[str]:
    commands = [command, *(command.commands.values() if isinstance(command, click.Group) else ())]
    found = [name for one in commands for option in one.params for name in (*option.opts, *option.secondary_opts)]
    return {*found, "-h", "--help", "--version"}
