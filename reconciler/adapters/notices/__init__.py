"""Others are told what came of a pass: a forge, beside the commit; receivers of events, of each model that turned.

Promise: nobody waits longer than half a minute for it, and no token, no userinfo and no path of a receiver is ever in
a message. Where it all goes is said by the command line and the environment alone, never by the repository.
"""

from reconciler.adapters.notices.bounded import Timing, side_by_side
from reconciler.adapters.notices.github import Commit, report
from reconciler.adapters.notices.receivers import deliver
from reconciler.adapters.notices.settings import Channel, Forge, Mode, Notices, Receiver, settings_of

__all__ = [
    "Channel",
    "Commit",
    "Forge",
    "Mode",
    "Notices",
    "Receiver",
    "Timing",
    "deliver",
    "report",
    "settings_of",
    "side_by_side",
]
