"""Amounts of memory and disk: what is taken before a plan, at most while it is carried out, and after it."""

from bisect import insort
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Self

from reconciler.core import quantities
from reconciler.core.spec import Resources


class Kind(StrEnum):
    """The memories of a server, as `resources` and `capacity` call them."""

    MEMORY = "memory"
    GPU_MEMORY = "gpuMemory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Bytes of both memories; less than nothing where something is given back."""

    memory: int = 0
    gpu_memory: int = 0

    def __add__(self, other: Self) -> "Amount":
        return Amount(memory=self.memory + other.memory, gpu_memory=self.gpu_memory + other.gpu_memory)

    def __sub__(self, other: Self) -> "Amount":
        return Amount(memory=self.memory - other.memory, gpu_memory=self.gpu_memory - other.gpu_memory)

    def of(self, kind: Kind) -> int:
        """Bytes of one of the two."""
        return self.memory if kind is Kind.MEMORY else self.gpu_memory


NOTHING = Amount()


def amount_of(resources: Resources | None) -> Amount:
    """What is declared; what is not known counts as nothing (and is told, see core/judging/capacity.py)."""
    found = resources or Resources()
    return Amount(memory=found.memory or 0, gpu_memory=found.gpu_memory or 0)


def most(amounts: Iterable[Amount]) -> Amount:
    """The highest of each memory, at least nothing."""
    found = [NOTHING, *amounts]
    return Amount(memory=max(one.memory for one in found), gpu_memory=max(one.gpu_memory for one in found))


def total(amounts: Iterable[Amount]) -> Amount:
    """The sum."""
    found = list(amounts)
    return Amount(memory=sum(one.memory for one in found), gpu_memory=sum(one.gpu_memory for one in found))


def limit(capacity: Resources, kind: Kind) -> int | None:
    """What the target declares to have, None for nothing declared."""
    return capacity.memory if kind is Kind.MEMORY else capacity.gpu_memory


def excesses(taken: Amount, more: Amount, capacity: Resources) -> Iterator[Kind]:
    """The memories that have no room for so much more; what needs no more fits, however full it is."""
    for kind in Kind:
        most_of_it = limit(capacity, kind)
        if most_of_it is not None and more.of(kind) > 0 and taken.of(kind) + more.of(kind) > most_of_it:
            yield kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How much of one resource is taken before, at most meanwhile, and after; in bytes, None where that is not known.

    `capacity`: what there is of it, None if that is not declared. `uncounted`: what takes an unknown amount, in words.
    """

    name: str
    before: int | None
    peak: int | None
    after: int | None
    capacity: int | None = None
    uncounted: tuple[str, ...] = ()

    @property
    def excess(self) -> int:
        """How much more than there is will still be taken, 0 for nothing or where that is not known."""
        return 0 if self.capacity is None or self.after is None else max(0, self.after - self.capacity)


class Taken:
    """What is taken of one server by name. To book and to tell of it costs little, however many there are."""

    def __init__(self, amounts: Mapping[str, Amount]) -> None:
        self._amounts = dict(amounts)
        self.total = total(self._amounts.values())
        self._takers = {kind: sorted(name for name, one in amounts.items() if one.of(kind) > 0) for kind in Kind}

    def __contains__(self, name: str) -> bool:
        return name in self._amounts

    def __getitem__(self, name: str) -> Amount:
        return self._amounts.get(name, NOTHING)

    def __setitem__(self, name: str, amount: Amount) -> None:
        before = self[name]
        self._amounts[name] = amount
        self.total += amount - before
        for kind, takers in self._takers.items():
            if before.of(kind) <= 0 < amount.of(kind):
                insort(takers, name)
            elif amount.of(kind) <= 0 < before.of(kind):
                takers.remove(name)

    def by_others(self, kind: Kind, own: Collection[str]) -> "Others":
        """What all but these take."""
        takers = self._takers[kind]
        mine = frozenset(own)
        return Others(
            amount=self.total.of(kind) - sum(self[name].of(kind) for name in mine),
            count=len(takers) - sum(self[name].of(kind) > 0 for name in mine),
            first=tuple(islice((name for name in takers if name not in mine), _NAMED)),
        )


_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """Bytes that others take, how many they are, and the first of their names."""

    amount: int
    count: int
    first: tuple[str, ...]


def shortage(kind: Kind, needed: int, others: Others, capacity: Resources) -> str:
    """`needs 4.0 GiB of gpuMemory; 6.0 GiB of 8.0 GiB are taken by a, b`."""
    taken = quantities.in_words(others.amount) if others.count else "nothing"
    there = quantities.in_words(limit(capacity, kind) or 0)
    more = f" and {others.count - _NAMED} more" if others.count > _NAMED else ""
    by = f" by {', '.join(others.first)}{more}" if others.count else ""
    are = "are" if others.count else "is"
    return f"needs {quantities.in_words(needed)} of {kind}; {taken} of {there} {are} taken{by}"
