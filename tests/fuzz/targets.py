"""The targets of fuzzing: what is checked of any bytes, with what it begins, of which words, in how much memory."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import seeds, texts, wires, words
from tests.fuzz.bounds import MEMORY

FOUND = Path(__file__).parent / "cases"
"""Inputs that once broke a promise, in a folder for each target."""


def _none() -> tuple[bytes, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`check` raises where a promise is broken; `seeds` and `words` are what inputs are made from."""

    check: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    words: Callable[[], tuple[bytes, ...]] = _none
    memory: int = MEMORY


_UNPACKING = 192 << 20
"""Windows of decompressors are large: 64 MiB for `xz -9`, 128 for `zstd --long=27`."""

TARGETS = {
    "model": Target(check=texts.model, seeds=seeds.models, words=words.of_schemas),
    "repository": Target(check=texts.repository, seeds=seeds.repositories, words=words.of_schemas),
    "recalled": Target(check=texts.recalled, seeds=seeds.repositories, words=words.of_schemas),
    "yaml": Target(check=texts.yaml_twice, seeds=seeds.documents, words=lambda: tuple(filter(None, words.YAML))),
    "lock": Target(check=texts.lock, seeds=seeds.locks, words=words.of_schemas),
    "pbtxt": Target(check=texts.pbtxt, seeds=seeds.configs, words=words.of_configs),
    "plan_file": Target(check=texts.plan_file, seeds=seeds.plans),
    "status": Target(check=texts.status, seeds=seeds.statuses),
    "remembered": Target(check=texts.remembered, seeds=seeds.remembered),
    "memo": Target(check=texts.memo, seeds=seeds.memos),
    "signers": Target(check=texts.signers, seeds=seeds.signer_files),
    "imports": Target(check=texts.imports, seeds=seeds.imports),
    "commit": Target(check=wires.commit, seeds=seeds.commits),
    "tar": Target(check=wires.tar, seeds=seeds.tars),
    "packed_tar": Target(check=wires.packed_tar, seeds=seeds.packed_tars, memory=_UNPACKING),
    "zip": Target(check=wires.zip, seeds=seeds.zips),
    "listing": Target(check=wires.listing, seeds=seeds.listings),
    "patterns": Target(check=wires.patterns, seeds=seeds.pattern_lists),
    "addresses": Target(check=wires.addresses, seeds=seeds.address_lists),
    "request": Target(check=wires.request, seeds=seeds.requests),
    "s3": Target(check=wires.s3, seeds=seeds.s3_answers),
}
