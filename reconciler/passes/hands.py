"""What a plan is carried out with: the real clock and chance enter here."""

import random
import time
from collections.abc import Callable

from reconciler.core.progress import Reporter
from reconciler.executor import Hands
from reconciler.executor.attempts import Attempts
from reconciler.executor.doubting import Doubting
from reconciler.executor.proving import Proven
from reconciler.passes.world import World


def hands(world: World, reporter: Reporter, cancelled: Callable[[], bool]) -> Hands:
    """The world's volume and servers, with patience."""
    attempts = Attempts(clock=time.monotonic, sleep=time.sleep, random=random.random, cancelled=cancelled)
    proven = {name: Proven(server, world.volume) for name, server in world.servers.items()}
    servers = {name: Doubting(server, time.monotonic) for name, server in proven.items()}
    return Hands(volume=world.volume, servers=servers, attempts=attempts, reporter=reporter)
