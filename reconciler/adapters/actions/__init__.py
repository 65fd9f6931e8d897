"""GitHub Actions: what a job is told of itself, the comments of a pull request, and the files a job answers in.

Promise: the token goes to GitHub's own address only, and no comment but our own is ever changed.
"""

from reconciler.adapters.actions.answers import keep_summary, set_outputs
from reconciler.adapters.actions.comments import Api, Kept, keep_comment
from reconciler.adapters.actions.job import Job, Pull, job

__all__ = ["Api", "Job", "Kept", "Pull", "job", "keep_comment", "keep_summary", "set_outputs"]
