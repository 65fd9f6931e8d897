"""How long is waited between two tries to push: the real clock and chance enter here."""

import random
import time

from reconciler.adapters import gitrepo


def pace() -> gitrepo.Pace:
    """With jitter, so that many writers do not meet again."""
    return gitrepo.Pace(random=random.random, sleep=time.sleep)
