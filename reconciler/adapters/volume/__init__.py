"""The model volume (spec §3): all reading and writing of it. `mounted.Volume` is where everything begins.

What is imported here takes no time: what looks whether anything has changed needs little else.
"""

from reconciler.adapters.volume.limits import Limits
from reconciler.adapters.volume.places import git_cache

__all__ = ["Limits", "git_cache"]
