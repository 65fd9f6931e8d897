"""Foreign directories that our link takes the place of: set aside, given back, deleted (spec §3: adopted).

Promise: whenever this is killed, the model's name has the foreign directory or our link; where the filesystem cannot
exchange two names at once there is a moment with neither, which whoever locks the volume next undoes.
"""

import logging
import os
import uuid
from collections.abc import Callable, Iterator

from reconciler.adapters.volume import disk
from reconciler.adapters.volume.links import Links
from reconciler.adapters.volume.places import Places, link_target, linked_generation
from reconciler.core.digest import Generation
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.observed import ForeignEntry

_log = logging.getLogger(__name__)

Exchange = Callable[[str, str], bool]


def names(places: Places) -> Iterator[str]:
    """The models whose own directory is aside; a link of ours there is what a killed run has left."""
    for entry in disk.entries(places.aside_folder):
        if not entry.is_symlink() or linked_generation(os.readlink(entry.path)) is None:
            yield entry.name


def is_aside(places: Places, name: str) -> bool:
    """Whether the model's own directory is aside."""
    return name in set(names(places))


def swap(places: Places, name: str, generation: Generation, exchange: Exchange = disk.exchange) -> None:
    """Makes our link what the name stands for, and sets aside what was there. Raises TerminalError(FOREIGN)."""
    place, final = _free(places, name), places.model(name)
    os.symlink(link_target(generation), place)
    disk.sync_directory(places.aside_folder)
    if not exchange(place, final):
        os.unlink(place)
        link = places.below("partial", uuid.uuid4().hex)
        os.symlink(link_target(generation), link)
        os.rename(final, place)
        os.rename(link, final)
    _sync(places)


def move(places: Places, name: str) -> None:
    """Sets aside what is there, where links do not work. Raises TerminalError(FOREIGN)."""
    os.rename(places.model(name), _free(places, name))
    _sync(places)


def give_back(places: Places, links: Links, name: str, workshop: str, exchange: Exchange = disk.exchange) -> None:
    """Puts what is aside back, newer than whatever Triton has seen; done already is done."""
    place, final = places.aside(name), places.model(name)
    if not is_aside(places, name):
        return
    if isinstance(links.at(name), ForeignEntry):
        _log.warning("models/%s is not ours any more: what was set aside for it stays at %s", name, place)
        return
    if os.path.islink(final) and exchange(place, final):
        os.unlink(place)
    else:
        if os.path.lexists(final):
            links.remove(name, workshop)
        _back(places, name)
    _sync(places)
    links.touch(name)


def retire(places: Places, name: str, workshop: str) -> None:
    """Deletes what is aside."""
    if is_aside(places, name):
        grave = os.path.join(workshop, "retired")
        os.rename(places.aside(name), grave)
        disk.sync_directory(places.aside_folder)
        disk.erase(grave)


def recover(places: Places) -> None:
    """Undoes what was cut short between two renames; call it with the volume locked."""
    for name in list(names(places)):
        if not os.path.lexists(places.model(name)):
            _log.warning("taking over models/%s was cut short: its directory is put back", name)
            _back(places, name)
            _sync(places)


def _back(places: Places, name: str) -> None:
    disk.erase(places.mark(name))
    os.rename(places.aside(name), places.model(name))


def _free(places: Places, name: str) -> str:
    place = places.aside(name)
    os.makedirs(places.aside_folder, disk.WRITABLE, exist_ok=True)
    if is_aside(places, name):
        words = f"models/{name} cannot be set aside: what was there when it was taken over before is still at {place}"
        raise TerminalError(Reason.FOREIGN, words, "Look what it is, and move it away.")
    disk.erase(place)
    return place


def _sync(places: Places) -> None:
    disk.sync_directory(places.models)
    disk.sync_directory(places.aside_folder)
