"""How `reconcile plan` comes to its plan: by a look, by what is known of the last one, or by the last status."""

from datetime import datetime

from reconciler.cli import signals
from reconciler.passes import glancing
from reconciler.passes.glancing import Outlook
from reconciler.passes.grounds import Seen
from reconciler.passes.options import Options


def outlook(asked: Options, now: datetime, *, remembered: bool, file: str | None) -> Outlook:
    """What would happen; written to `file` too, if there is one. Raises ReconcileError."""
    if remembered:
        from reconciler.passes import remembering

        return glancing.outlook_of(remembering.recall(asked, now=now))
    return _saved(asked, now, file) if file else glancing.outlook(asked, _look, now=now)


def _saved(asked: Options, now: datetime, file: str) -> Outlook:
    from reconciler import reconcile
    from reconciler.cli import plan_file, plan_saving

    seen = reconcile.look(asked, now=now)
    plan_file.write(file, plan_saving.saved(seen, asked))
    return glancing.outlook_of(seen)


def _look(asked: Options, now: datetime) -> Seen:
    signals.importing("reconciler.reconcile")
    from reconciler import reconcile

    return reconcile.look(asked, now=now)
