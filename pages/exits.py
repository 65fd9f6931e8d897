"""docs/reference/exit-codes.md."""

from collections.abc import Mapping

from pages.markdown import page, table
from reconciler.cli.codes import Exit
from reconciler.cli.exits import URGENCY

_INTRODUCTION = """\
The number that every command ends with, in `$?`. A script should treat a number that it does not know as an error.
"""

MEANINGS: Mapping[Exit, tuple[str, str]] = {
    Exit.OK: ("done; converged; nothing to do", "Nothing."),
    Exit.ERROR: (
        "something could not be reached or read, or a bug; `lock --check`: a lock is not what it should be; "
        "`plan --detailed-exitcode`: not everything is known",
        "Read the last lines of stderr: they name what it was. A batch job may try again.",
    ),
    Exit.CHANGES: ("`plan --detailed-exitcode` only: there are changes", "`reconcile apply`, if you want them."),
    Exit.STALE_PLAN: (
        "the saved plan is stale: what it is about has moved, or it was applied already",
        "`reconcile show FILE` says what moved. Make a new plan.",
    ),
    Exit.REFUSED: (
        "a policy or a guard says no; nothing was done",
        "Look up the [reason](reasons.md#why-a-run-is-refused). A person decides: trying again is of no use.",
    ),
    Exit.LOCKED: ("another run holds the volume's lock", "Wait for it. The next scheduled run comes by itself."),
    Exit.INCOMPLETE: (
        "applied, but some models failed or were blocked, the revision may be old, the status could not be pushed, the "
        "metrics could not be told, or (`--require-notified`) somebody could not be told",
        "`reconcile status` says which models and why. What failed for a reason that can pass is tried by the next run.",
    ),
    Exit.USAGE: ("the command line does not say enough, or says what does not fit", "`reconcile COMMAND --help`."),
    Exit.INVALID: (
        "files of the configuration are not valid; `apply` carried out all that the valid ones say",
        "`reconcile validate` lists every fault with file, line and column.",
    ),
    Exit.INTERRUPTED: (
        "SIGINT: what was running was finished or cleanly abandoned, and the status written",
        "Run it again; it goes on from there.",
    ),
    Exit.TERMINATED: ("SIGTERM: the same", "Run it again; it goes on from there."),
}


def text() -> str:
    """The page."""
    rows = [(str(int(code)), *MEANINGS[code]) for code in Exit]
    order = ", ".join(str(int(code)) for code in URGENCY)
    several = f"Where several would fit, the one that most needs a person wins. The order is: {order}."
    return page("Exit codes", _INTRODUCTION, table(("exit", "means", "what to do"), rows), several)
