"""`reconcile completion`: the script that makes a shell complete commands, options, models and targets."""

import click

from reconciler.cli import exits
from reconciler.cli.helping import Command, examples
from reconciler.cli.options import reported


@click.command(
    cls=Command,
    epilog=examples(
        "# Once, for bash: then open a new shell.",
        "completion bash > ~/.local/share/bash-completion/completions/reconcile",
        "# For zsh: a folder of $fpath.",
        'completion zsh > "${fpath[1]}/_reconcile"',
        "completion fish > ~/.config/fish/completions/reconcile.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="bash|zsh|fish")
@reported
def completion(shell: str) -> int:
    """Print the script that completes commands, options, models and targets in a shell.

    Models and targets are those of the repository that --repo names, or of this folder; no network is asked.
    """
    from click.shell_completion import get_completion_class

    context = click.get_current_context().find_root()
    name = context.info_name or "reconcile"
    found = get_completion_class(shell)
    if found is not None:
        click.echo(found(context.command, {}, name, f"_{name}_COMPLETE".upper()).source())
    return exits.Exit.OK
