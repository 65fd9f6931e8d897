"""What `reconcile review` leaves in a job of GitHub Actions: summary, outputs, a comment; and what it says of that."""

import hashlib
from collections.abc import Mapping
from urllib.parse import urlsplit

from reconciler.adapters.actions import Api, Job, keep_comment, keep_summary, set_outputs
from reconciler.authoring.proposed import Proposal
from reconciler.core.errors import ReconcileError, TransientError
from reconciler.core.views.review import Planned, Review
from reconciler.render import annotations, review_markdown
from reconciler.render.summary import Outlook, outlook

_TOKEN, _USER = "RECONCILE_GIT_TOKEN", "RECONCILE_GIT_USERNAME"


def with_token(environment: Mapping[str, str], job: Job, repo: str | None) -> Mapping[str, str]:
    """The environment with the job's own token for git, if nothing else is set and it stays where it came from."""
    own = not repo or urlsplit(repo)[:2] == urlsplit(job.repo)[:2]
    if not job.token or not own or any(environment.get(name) for name in (_TOKEN, f"{_TOKEN}_FILE")):
        return environment
    return {**environment, _TOKEN: job.token, _USER: "x-access-token"}


def markdown(found: Review) -> str:
    """As the summary of a job has it."""
    return review_markdown.document(found, review_markdown.SUMMARY)


def told(job: Job, found: Review, code: int) -> list[str]:
    """Writes summary and outputs; the annotations. Raises TerminalError where they cannot be written."""
    if job.summary:
        keep_summary(job.summary, markdown(found))
    if job.outputs:
        set_outputs(job.outputs, {"outcome": _outcome(found), "exit-code": str(int(code))})
    return [line.text for line in annotations.lines(found.problems)]


def commented(job: Job, author: str, proposal: Proposal, found: Review) -> list[str]:
    """Keeps the comment; a word of why there is none. That is never a failure: the summary says the same."""
    if job.pull is None:
        return []
    if not job.token:
        return [annotations.command("notice", "No comment: there is no token. The job's summary says the same.")]
    api = Api(url=job.api, repository=job.repository, token=job.token)
    body = review_markdown.document(found, review_markdown.COMMENT, _marker(proposal))
    try:
        kept = keep_comment(api, job.pull.number, author, body)
    except ReconcileError as error:
        kind = "warning" if isinstance(error, TransientError) else "notice"
        return [annotations.command(kind, f"No comment, but the job's summary says the same. {error}")]
    return [f"The comment on pull request {job.pull.number} was {kept.value}."]


def _marker(proposal: Proposal) -> str:
    """What tells this comment from those of other uses in the same pull request, and is not shown."""
    what = "\n".join((proposal.repo, proposal.path, *sorted(proposal.targets)))
    return f"<!-- reconcile review {hashlib.sha256(what.encode()).hexdigest()[:16]} -->"


def _outcome(found: Review) -> str:
    """The worst of the targets: invalid, failed, refused; else as `plan --detailed-exitcode` has it."""
    plans = [result.plan for result in found.results if isinstance(result, Planned)]
    outlooks = {outlook(plan) for plan in plans}
    said = (
        (bool(found.problems), "invalid"),
        (len(plans) < len(found.results), "failed"),
        (any(plan.refusal for plan in plans), "refused"),
        (Outlook.CHANGES in outlooks, "changes"),
        (Outlook.UNKNOWN in outlooks, "unknown"),
    )
    return next((word for holds, word in said if holds), "none")
