"""`reconcile review`: a pull request on GitHub: annotations, a plan for each target, the job's summary, one comment."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from typing import Any

import click

from reconciler.cli import exits, out
from reconciler.cli.helping import Command, examples
from reconciler.cli.options import PATH, flag, reported
from reconciler.core.views.review import Planned, Review
from reconciler.render.line import Line, Tone


@click.command(
    cls=Command,
    epilog=examples(
        "review --repo . --ref my-branch",
        "review --target prod --target staging --comment false",
    ),
)
@flag("--repo", "The configuration repository; in a job of GitHub Actions, that job's.", metavar="URL|DIR")
@flag("--ref", "What to look at; in a job of GitHub Actions, the pull request as merged.", metavar="REF")
@PATH
@flag("--target", "Only these targets of reconciler.yaml; may be given again.", multiple=True, metavar="NAME")
@flag(
    "--relative-sources",
    "What is applied is a checkout, so sources may be relative paths.",
    type=click.BOOL,
    default=False,
    metavar="true|false",
)
@flag("--comment", "Whether to comment on the pull request.", type=click.BOOL, default=True, metavar="true|false")
@flag("--comment-author", "Who comments.", default="github-actions[bot]", show_default=True, metavar="LOGIN")
@reported
def review(repo: str | None, ref: str | None, path: str, *, target: tuple[str, ...], **more: Any) -> int:
    """Check a pull request on GitHub, and tell there what it would do.

    Plans against the last committed status of each target: neither a volume nor a server is needed. In a job of GitHub
    Actions problems become annotations, and the plans the job's summary and one comment, which is edited in place.
    Elsewhere the same is printed as Markdown.
    """
    from reconciler.adapters import gitrepo
    from reconciler.adapters.actions import job
    from reconciler.authoring.proposed import Proposal
    from reconciler.authoring.reviewing import review as reviewed
    from reconciler.cli import review_job
    from reconciler.cli.one_pass import now

    here = job(os.environ)
    proposal = Proposal(
        repo=repo or here.repo or ".",
        ref=ref or (None if repo else here.ref) or None,
        path=path,
        targets=target,
        relative=more["relative_sources"],
        message=here.pull.text if here.pull else None,
        environment=review_job.with_token(os.environ, here, repo),
    )
    if not here.repo:
        found = reviewed(proposal, now=now())
        click.echo(review_job.markdown(found), nl=False)
        return exits.of_review(found)
    with _nothing_is_a_command():
        found = reviewed(proposal, now=now())
        _log(found, gitrepo.shown(proposal.repo))
    code = exits.of_review(found)
    notes = review_job.told(here, found, code)
    if more["comment"]:
        notes += review_job.commented(here, more["comment_author"], proposal, found)
    for note in notes:
        click.echo(note)
    return code


@contextlib.contextmanager
def _nothing_is_a_command() -> Iterator[None]:
    """What is printed in here is a log to GitHub, even where a line of it looks like a command to the runner."""
    word = secrets.token_hex(16)
    click.echo(f"::stop-commands::{word}")
    try:
        yield
    finally:
        click.echo(f"::{word}::")


def _log(found: Review, where: str) -> None:
    from reconciler.render import plan_text, validation

    for result in found.results:
        if isinstance(result, Planned):
            out.show([Line(f"Target {result.target}:", Tone.TITLE), *plan_text.lines(result.plan)])
        else:
            out.complain_of(result.error, as_json=False)
    out.show([validation.sentence(found.models, found.problems, [where])])
