"""What a disk may hold after its power was cut, worked out from what was done to it (killing.py).

The model, on purpose weaker than any filesystem in use:
- A name in a directory is durable once that directory was fsynced (or everything was, by syncfs). Until then each
  change of a name is there or not, whatever else is: only changes of the same name keep their order. A rename is one
  change, durable with the directory that it leads to.
- A file's bytes, mode and times are durable once the file was fsynced. Until then the file holds what it held then,
  what was written last, the first half of that, or zeros in its length; mode and times are the old or the new ones.
- What was there at the beginning is durable.
- Below .git alone, where libgit2 writes, and git itself counts on it: with what was fsynced its directory and those
  above it are durable, as they are on every filesystem with a journal.

Its limits: a disk that lies about fsync, torn sectors of what was synced, and damage to what nobody wrote are not in
it; neither is a rename of which only one half is there, which journals rule out. Ownership is left out.
"""

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.killing import Effect

Choose = Callable[[int], int]
"""A number below the one given; 0 is what would be without the power cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Of a file at one moment; no mtime is that of the power cut."""

    data: bytes = b""
    mode: int = 0o600
    mtime: int | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Node:
    """A file, a directory (`names`), or a link (`text`). `synced`: a file's content when it was last fsynced."""

    now: Content
    synced: Content = field(default_factory=Content)
    names: "dict[str, Node] | None" = None
    text: str | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Change:
    """Names that change together, as (directory, name, what it stands for or nothing)."""

    names: "tuple[tuple[Node, str, Node | None], ...]"
    leads_to: Node

    def touches(self) -> set[tuple[int, str]]:
        """Which names."""
        return {(id(directory), name) for directory, name, _ in self.names}

    def makes(self, nodes: "Iterable[Node]") -> bool:
        """Whether one of these has its name by this."""
        return any(node is each for _, _, node in self.names for each in nodes)


def read(path: Path) -> Node:
    """What is on the disk now, all of it durable; names for the same file are one file."""
    return _read(path, {})


def _read(path: Path, seen: dict[int, Node]) -> Node:
    status = path.lstat()
    if stat.S_ISDIR(status.st_mode):
        names = {entry: _read(path / entry, seen) for entry in sorted(os.listdir(path))}
        return Node(now=Content(mode=stat.S_IMODE(status.st_mode)), names=names)
    if stat.S_ISLNK(status.st_mode):
        return Node(now=Content(), text=str(path.readlink()))
    data = path.read_bytes()
    content = Content(data=data, mode=stat.S_IMODE(status.st_mode), mtime=status.st_mtime_ns)
    return seen.setdefault(status.st_ino, Node(now=content, synced=content))


@dataclass(slots=True)
class Disk:
    """`root` as programs see it; `durable`: its names at the beginning and those that were synced since."""

    root: Node
    durable: dict[int, dict[str, Node]] = field(default_factory=dict)
    pending: list[Change] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._remember(self.root)

    def _remember(self, node: Node) -> None:
        self.nodes.append(node)
        if node.names is not None:
            self.durable[id(node)] = dict(node.names)
            for below in node.names.values():
                self._remember(below)

    def do(self, effect: Effect) -> None:
        """Does it, or nothing where the real one failed."""
        match effect.what:
            case "open" | "write" | "truncate" | "allocate" | "chmod" | "utime":
                self._to_content(effect)
            case "fsync" | "syncfs":
                self._sync(effect)
            case "mkdir":
                self._new(effect.path, Node(now=Content(mode=effect.argument), names={}))
            case "symlink":
                self._new(effect.path, Node(now=Content(), text=effect.other))
            case "link":
                node = self._at(effect.path)
                if node is not None:
                    self._new(effect.other, node)
            case "unlink" | "rmdir":
                self._remove(effect.path)
            case "rename":
                self._rename(effect)
            case _:
                assert effect.what.startswith(("load", "unload", "infer")), effect

    def _at(self, path: str, *, follow: bool = False) -> Node | None:
        node: Node | None = self.root
        for name in path.split("/"):
            node = node.names.get(name) if node is not None and node.names is not None else None
        if follow and node is not None and node.text is not None:
            return self._at(os.path.normpath(os.path.join(os.path.dirname(path), node.text)))
        return node

    def _above(self, path: str) -> tuple[Node | None, str]:
        above, _, name = path.rpartition("/")
        return (self._at(above) if above else self.root), name

    def _change(self, leads_to: Node, *names: tuple[Node, str, Node | None]) -> None:
        self.pending.append(Change(names=names, leads_to=leads_to))
        _apply(self.pending[-1], _names)

    def _new(self, path: str, node: Node) -> None:
        directory, name = self._above(path)
        if directory is not None and directory.names is not None and name not in directory.names:
            if node not in self.nodes:
                self.nodes.append(node)
                self.durable[id(node)] = {}
            self._change(directory, (directory, name, node))

    def _remove(self, path: str) -> None:
        directory, name = self._above(path)
        node = self._at(path)
        if directory is not None and node is not None and not node.names:
            self._change(directory, (directory, name, None))

    def _rename(self, effect: Effect) -> None:
        node, (source, old), (directory, new) = self._at(effect.path), *map(self._above, (effect.path, effect.other))
        if node is None or source is None or directory is None or directory.names is None:
            return
        exchanged = self._at(effect.other) if effect.argument else None
        self._change(directory, (source, old, exchanged), (directory, new, node))

    def _to_content(self, effect: Effect) -> None:
        node = self._at(effect.path, follow=effect.what == "utime")
        if node is None and effect.what == "open" and effect.argument & os.O_CREAT:
            return self._new(effect.path, Node(now=Content()))
        if node is not None:
            node.now = _changed(node.now, effect)
        return None

    def _sync(self, effect: Effect) -> None:
        node = self._at(effect.path)
        everything = effect.what == "syncfs"
        for each in self.nodes if everything else [node] if node is not None else []:
            each.synced = each.now
        above = self._above_in_git(effect.path)
        done = [change for change in self.pending if everything or change.leads_to is node or change.makes(above)]
        needed = _closed(self.pending, done)
        for change in needed:
            _apply(change, lambda directory: self.durable[id(directory)])
        self.pending = [change for change in self.pending if change not in needed]

    def _above_in_git(self, path: str) -> list[Node]:
        folders = [path, *map(str, Path(path).parents)] if "/.git/" in path else []
        return [node for folder in folders if (node := self._at(folder)) is not None and node.names is not None]

    def after_power_loss(self, into: Path, choose: Choose) -> None:
        """Writes one of the states that may be found afterwards."""
        kept = [change for change in self.pending if not choose(2)]
        names = {key: dict(entries) for key, entries in self.durable.items()}
        for change in _closed(self.pending, kept):
            _apply(change, lambda directory: names[id(directory)])
        _write(self.root, into, names, {}, choose)


def _changed(content: Content, effect: Effect) -> Content:
    data, mode, mtime = content.data, content.mode, content.mtime
    match effect.what:
        case "open":
            data = b"" if effect.argument & os.O_TRUNC else data
        case "write":
            before = data[: effect.argument].ljust(effect.argument, b"\0")
            data, mtime = before + effect.data + data[effect.argument + len(effect.data) :], None
        case "truncate":
            data, mtime = data[: effect.argument].ljust(effect.argument, b"\0"), None
        case "allocate":
            data = data.ljust(effect.argument, b"\0")
        case "chmod":
            mode = effect.argument
        case _:
            mtime = effect.argument
    return Content(data=data, mode=mode, mtime=mtime)


def _closed(pending: Iterable[Change], wanted: Iterable[Change]) -> list[Change]:
    """These and, in their order, all earlier ones of the same names."""
    found: list[Change] = []
    names: set[tuple[int, str]] = set()
    chosen = {id(change) for change in wanted}
    for change in reversed([*pending]):
        if id(change) in chosen or names & change.touches():
            found.append(change)
            names |= change.touches()
    return found[::-1]


def _names(directory: Node) -> "dict[str, Node]":
    assert directory.names is not None
    return directory.names


def _apply(change: Change, entries: "Callable[[Node], dict[str, Node]]") -> None:
    for directory, name, node in change.names:
        entries(directory).pop(name, None)
        if node is not None:
            entries(directory)[name] = node


def _write(
    node: Node, path: Path, names: Mapping[int, Mapping[str, Node]], written: dict[int, Path], choose: Choose
) -> None:
    if node.text is not None:
        path.symlink_to(node.text)
    elif node.names is not None:
        path.mkdir()
        for name, below in sorted(names[id(node)].items()):
            _write(below, path / name, names, written, choose)
        path.chmod(node.now.mode | stat.S_IRWXU)
    elif id(node) in written:
        path.hardlink_to(written[id(node)])
    else:
        written[id(node)] = path
        _write_file(path, _found(node, choose))


def _write_file(path: Path, content: Content) -> None:
    path.write_bytes(content.data)
    path.chmod(content.mode)
    if content.mtime is not None:
        os.utime(path, ns=(content.mtime, content.mtime))


def _found(node: Node, choose: Choose) -> Content:
    """What is found of a file: bytes, mode and times each by itself."""
    now, old = node.now, node.synced
    if now == old:
        return now
    half, zeros = now.data[: len(now.data) // 2], bytes(len(now.data))
    datas = [now.data, old.data, half, zeros]
    about = [now, old]
    data = datas[choose(len(datas))] if now.data != old.data else now.data
    return Content(data=data, mode=about[choose(2)].mode, mtime=about[choose(2)].mtime)
