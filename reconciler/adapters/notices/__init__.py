"""Others are told what came of a pass: a forge, beside the commit; receivers of events, of each model that turned.

Promise: nobody waits longer than half a minute for it, and no token, no userinfo and no path of a receiver is ever in
a message. Where it all goes is said by the command line and the environment alone, never by the repository.
`github.report` and `receivers.deliver` tell them; what is imported here takes no time.
"""

from reconciler.adapters.notices.bounded import Timing, side_by_side
from reconciler.adapters.notices.settings import Channel, Forge, Mode, Notices, Receiver, settings_of

__all__ = ["Channel", "Forge", "Mode", "Notices", "Receiver", "Timing", "settings_of", "side_by_side"]
