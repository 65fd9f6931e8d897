"""All git: the desired state is read from here, the status is committed here (spec §2, §7).

Promise: nothing outside the status branch's own folder is ever committed, no file of a work tree is ever
written but a lock, or by `init` where none was, nothing is ever forced, and no URL's userinfo and no token is ever in a
message.
"""

from reconciler.adapters.gitrepo import loading  # noqa: F401 - before anybody else imports pygit2
from reconciler.adapters.gitrepo.access import Access, shown
from reconciler.adapters.gitrepo.checkout import Checkout, Folder, Kind
from reconciler.adapters.gitrepo.credentials import access_from
from reconciler.adapters.gitrepo.pace import Pace
from reconciler.adapters.gitrepo.publish import StatusCommit, can_publish, publish
from reconciler.adapters.gitrepo.read import origin, read, read_branch, work_tree
from reconciler.adapters.gitrepo.tip import folder_tip, tip
from reconciler.adapters.gitrepo.writing import around, begin, folder_of, write_file

__all__ = [
    "Access",
    "Checkout",
    "Folder",
    "Kind",
    "Pace",
    "StatusCommit",
    "access_from",
    "around",
    "begin",
    "can_publish",
    "folder_of",
    "folder_tip",
    "origin",
    "publish",
    "read",
    "read_branch",
    "shown",
    "tip",
    "work_tree",
    "write_file",
]
