"""`reconcile explain`: one model's effective config with origins, dependencies, what would change and why."""

import click

from reconciler.cli import completing, exits, out
from reconciler.cli.helping import Command, examples
from reconciler.cli.options import OUTPUT, Common, shared


@click.command(
    cls=Command,
    pages=True,
    epilog=examples(
        "explain densenet --server grpc://localhost:8001 --volume /models",
        "# The effective config for a script.",
        "explain densenet --target prod -o json",
    ),
)
@shared
@OUTPUT
@click.argument("model", shell_complete=completing.models)
def explain(common: Common, output: str, *, model: str) -> int:
    """Show where each setting of MODEL comes from, what it needs, and what would change and why.

    Of several layers the first that sets a field wins: spec.config of the model, the config.pbtxt in its source,
    defaults.config of reconciler.yaml.
    """
    from reconciler import reconcile
    from reconciler.cli.one_pass import now, options
    from reconciler.core.views.explanation import explained
    from reconciler.passes.choosing import unknown_models
    from reconciler.render import explain_json, explain_text, plan_text, problems

    seen = reconcile.look(options(common), now=now())
    one = explained(model, seen.desired, seen.observed, seen.plan)
    found = [problem for problem in problems.of(seen.desired) if one.file is None or problem.file == one.file]
    if one.plan is None:
        raise unknown_models([model], seen.desired)
    if output == "json":
        out.document(explain_json.document(one))
    else:
        out.page(explain_text.lines(one))
    out.show([*plan_text.perhaps_old(seen.plan), *problems.lines(found)], err=True)
    return exits.first(code for code in exits.of_plan(seen.plan, found) if code is not exits.Exit.REFUSED)
