"""What each reason means and what to do about it, for somebody who was woken up by it.

A test holds this against reconciler.core.errors.Reason: every reason is here once.
"""

from dataclasses import dataclass

from reconciler.core.errors import Reason


@dataclass(frozen=True, slots=True)
class Advice:
    """One reason: what it says, and what to do."""

    reason: Reason
    means: str
    do: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """Reasons that are met in the same place."""

    title: str
    says: str
    advice: tuple[Advice, ...]


_NOTHING = "Nothing: the next `apply` does it."

PLANNED = Chapter(
    "Why something is planned",
    "Beside a line of a plan. None of these is a fault by itself.",
    (
        Advice(Reason.NOT_ON_VOLUME, "What git wants is not on the volume yet, or no longer.", _NOTHING),
        Advice(Reason.GENERATION_CHANGED, "The file, the source or the defaults have changed.", _NOTHING),
        Advice(
            Reason.TREE_DAMAGED,
            "Files that this program had verified are missing or changed: somebody wrote into the volume, or the disk did.",
            "`apply` mends it from good copies or fetches anew. If it comes back, find out who writes there, and check the disk.",
        ),
        Advice(
            Reason.LINK_REPOINTED,
            "`models/NAME` points elsewhere than git wants: somebody moved it, or an earlier run was cut short.",
            _NOTHING,
        ),
        Advice(
            Reason.NOT_LOADED,
            "The server does not have it. Usual after a restart of Triton.",
            "Nothing. If it comes back in each run, look for what else loads and unloads models.",
        ),
        Advice(
            Reason.NOT_READY,
            "The server lists the model, but it does not answer.",
            "`apply` loads it again. If that fails, Triton's log says why.",
        ),
        Advice(
            Reason.SERVED_GENERATION_DIFFERS,
            "The server serves something else than the volume holds: loaded by hand, or before the files changed.",
            _NOTHING,
        ),
        Advice(
            Reason.DEPENDENCY_RELOADED,
            "A model that this one needs is loaded anew, which takes this one down or leaves it on the old one.",
            _NOTHING,
        ),
        Advice(Reason.LOAD_DISABLED, "Its file says `load.enabled: false`.", "Nothing, if that is what you want."),
        Advice(
            Reason.NOT_PLACED,
            "With `replicas` it belongs on other servers of the target.",
            "Nothing. [Several servers](../servers.md) says how places are chosen.",
        ),
        Advice(
            Reason.REMOVED,
            "It is ours, and git does not have it any more.",
            "If that surprises you: is `--path`, the branch or the target's selector right?",
        ),
        Advice(Reason.UNREFERENCED, "Files that nothing refers to any more.", "Nothing: they are pruned, or by `gc`."),
        Advice(
            Reason.CONTENT_UNKNOWN,
            "What it becomes is known once its source is fetched.",
            "Nothing. A [lock](../locks.md) makes plans exact and spares asking the store.",
        ),
        Advice(Reason.ADOPTED, "A directory that was not ours is taken over, since `--adopt` named it.", "Nothing."),
    ),
)

UNKNOWN = Chapter(
    "Why nobody knows",
    "In plans against the status branch (`--observed status`), which look at nothing but git.",
    (
        Advice(
            Reason.NOT_COMPARED,
            "Nothing pins its source, so it may have moved.",
            "`reconcile lock`, or give the source a `digest`. Or plan against the world itself.",
        ),
        Advice(
            Reason.NO_STATUS,
            "No status was committed of the target, or of the server.",
            "Run `apply` once with a repository that it may push to.",
        ),
    ),
)

HELD = Chapter(
    "Why a model is held",
    "It is left exactly as it is, on the volume and on the servers; the other models go on.",
    (
        Advice(
            Reason.REJECTED,
            "Its file has faults. A file with faults is not a file that is gone.",
            "`reconcile validate` says line and column. Mend the file, or revert the commit.",
        ),
        Advice(
            Reason.REMOVALS_PAUSED,
            "It is to be removed, but some file has faults, and nobody knows which model that was to be.",
            "Mend the file that `reconcile validate` names.",
        ),
        Advice(
            Reason.SUSPENDED,
            "Its file says `suspend`.",
            "Ask whoever the reason names. Take `suspend` out of the file when it is over.",
        ),
        Advice(
            Reason.FROZEN,
            "A freeze window of the policy is open: only drift is mended.",
            "Wait, or change `policy.freeze` in git, with whoever decides that.",
        ),
        Advice(
            Reason.FOREIGN,
            "A directory of its name lies in `models/`, or a model of its name is served, that is not ours.",
            "If it is to be ours: `reconcile apply --adopt NAME` ([how](../guides/adopt.md)). Else rename one of them.",
        ),
        Advice(
            Reason.STALLED,
            "This generation failed for a reason that trying again cannot mend. It is not tried again.",
            "The message says what failed. Change the model (its file or its files); the next run tries the new one.",
        ),
        Advice(
            Reason.PREFLIGHT_FAILED,
            "Triton would refuse it, hang on it or die of it. What serves goes on.",
            "The message names the file or field. Mend it in the source or in the model's `config`.",
        ),
        Advice(
            Reason.BREAKS_DEPENDENT,
            "An ensemble that uses it would go down: tensors, types or versions no longer fit.",
            "Change both in one commit, or keep the old interface.",
        ),
        Advice(
            Reason.MISSING_DEPENDENCY,
            "It needs a model that is neither in git nor served by every server of the target.",
            "Add the model, or correct the name in `dependsOn` or in the ensemble's steps.",
        ),
        Advice(Reason.DEPENDENCY_HELD, "A model that it needs is held.", "See to that one; this follows."),
        Advice(
            Reason.DEPENDENCY_CYCLE,
            "Models need each other in a ring, which the message names in full.",
            "Take one `dependsOn` or one step out.",
        ),
        Advice(
            Reason.STILL_NEEDED,
            "It is to go, but something that is up still needs it.",
            "Remove or change what needs it in the same commit; or wait, if that is on its way.",
        ),
        Advice(
            Reason.NOT_SELECTED, "This run was about other models.", "Name it, or run without names and `--selector`."
        ),
        Advice(
            Reason.BACKEND_UNAVAILABLE,
            "The target's `backends` do not have its `framework`.",
            "Correct one of the two, or choose another target by labels.",
        ),
        Advice(
            Reason.SERVER_UNREACHABLE,
            "A server did not answer. It is not taken for empty, and nothing is removed meanwhile.",
            "Is Triton up? `curl http://SERVER:8000/v2/health/ready`. Then address, port, network policy.",
        ),
        Advice(
            Reason.NOT_EXPLICIT_MODE,
            "The server does not take loads: it was started without `--model-control-mode=explicit`.",
            "Start Triton with that flag, on the folder `models/` of the volume.",
        ),
        Advice(
            Reason.NO_CAPACITY,
            "What it declares does not fit into what the target declares.",
            "The message has the sum. Raise `capacity` if there is more, lower `resources` if it takes less, remove "
            "something, or give it `priority`. [Memory and disk](../capacity.md).",
        ),
    ),
)

REFUSED = Chapter(
    "Why a run is refused",
    "Exit 4. Nothing was done. Somebody has to decide.",
    (
        Advice(
            Reason.REMOVALS_EXCEEDED,
            "More models would be removed than `policy.maxRemovals` allows.",
            "Read the plan. If it is meant: `Reconcile-Allow-Removals: N` in the commit's message, or `--allow-removals N`.",
        ),
        Advice(
            Reason.EMPTY_REFUSED,
            "Git has no model for this target, so everything would be removed. Mostly a wrong branch, path or selector.",
            "Check those. If it is meant: the same two ways, or `policy.allowEmpty`.",
        ),
        Advice(
            Reason.IN_THE_WAY,
            "`reconcile init` would have to replace a file that is not its own.",
            "Name another folder, or move the file away.",
        ),
        Advice(
            Reason.NOT_CONFIRMED,
            "The terminal asked, and the answer was not yes.",
            "`--yes` where nobody is to be asked.",
        ),
        Advice(
            Reason.PLAN_STALE,
            "The saved plan no longer fits the world, or was applied already (exit 3).",
            "`reconcile show FILE` says what moved; make a new plan.",
        ),
        Advice(
            Reason.COMMIT_NOT_VERIFIED,
            "The policy asks for signed commits, and this one does not carry a signature that counts. "
            "The last trusted state stays.",
            "Sign the head, by somebody whom the last trusted commit names. [Signed commits](../trust.md).",
        ),
    ),
)

_DISK = "Free some: `reconcile gc`, remove models, or enlarge the volume."

FAILED = Chapter(
    "Why something failed",
    "What can pass is tried again by itself; what cannot stalls the model until it changes.",
    (
        Advice(Reason.INVALID, "A document, or Triton's answer to a config, is not valid.", "The message says where."),
        Advice(Reason.USAGE, "The command line does not fit (exit 64).", "`reconcile COMMAND --help`."),
        Advice(
            Reason.SOURCE_NOT_FOUND,
            "There is nothing at the source's address.",
            "Check `uri`: the bucket, the path, the revision. Was it uploaded, and is it there still?",
        ),
        Advice(
            Reason.SOURCE_NOT_ALLOWED,
            "The address leads to where a cloud keeps a machine's own secrets, or redirects to one that is not encrypted.",
            "Correct `uri`. If you did not expect that, it may be somebody's trap. (What `policy.allowedSources` does not allow is a fault of the file: `Rejected`.)",
        ),
        Advice(
            Reason.SOURCE_EMPTY,
            "There is the place, but no file that `include` and `exclude` let through.",
            "Check the patterns: they are on the path inside the source. A prefix ends at a '/'.",
        ),
        Advice(
            Reason.SOURCE_UNREADABLE,
            "The source is there, but may not be read, or does not give files as it should.",
            "403: check credentials and their rights (list and read). Else the message says what is odd.",
        ),
        Advice(
            Reason.SOURCE_UNREACHABLE,
            "The store does not answer: network, proxy, name, certificate.",
            "It is tried again. If it lasts: try the same address from the same pod.",
        ),
        Advice(
            Reason.SOURCE_CHANGED,
            "The source changed while it was read.",
            "It is tried again. Better upload to a new prefix and switch `uri`, than over what is in use.",
        ),
        Advice(
            Reason.UNSAFE_PATH,
            "A name in the source cannot be a file, or would lead out of the folder.",
            "Rename or `exclude` it. If you do not know where it comes from, somebody may have put it there on purpose.",
        ),
        Advice(
            Reason.BAD_ARCHIVE,
            "An archive is broken, too big when unpacked, or holds what it must not.",
            "Pack it anew, or `unpack: never`.",
        ),
        Advice(
            Reason.DIGEST_MISMATCH,
            "What arrived is not what the digest or the lock says.",
            "If the model was meant to change: `reconcile lock`, or the new digest. If not, somebody changed the files.",
        ),
        Advice(
            Reason.SIGNATURE_INVALID,
            "The model's signature is missing, by nobody whom the policy names, or not about these files.",
            "Sign it again. [What is verified](../verification.md).",
        ),
        Advice(
            Reason.CREDENTIALS_MISSING,
            "There are no keys for the store, or git's remote wants some.",
            "The message says which variables or files were looked for. [Sources](../sources.md), [git](../git.md).",
        ),
        Advice(
            Reason.EXTRA_MISSING,
            "A part of the program is not installed, or git is not.",
            "Install what the message names, such as `pip install 'triton-reconcile[hf]'`.",
        ),
        Advice(Reason.NO_SPACE, "The volume is full, or would be.", _DISK),
        Advice(
            Reason.VOLUME_UNUSABLE,
            "The volume is not there, not writable, or not a volume of ours.",
            "Check the mount, its owner and mode. A file of the volume that is named as broken may be deleted.",
        ),
        Advice(
            Reason.LOCKED,
            "Another run works on this volume (exit 5).",
            "Wait. The lock goes away with its process, so there is never one to remove by hand.",
        ),
        Advice(
            Reason.LOAD_FAILED,
            "Triton could not load it. What served before is put back and goes on.",
            "The message is Triton's own; its log has more. Mend the model, or go back to the old one.",
        ),
        Advice(
            Reason.UNLOAD_FAILED,
            "Triton did not let it go in time.",
            "It is tried again. Triton's log says whether requests are still running.",
        ),
        Advice(
            Reason.STAMP_MISMATCH,
            "Triton said that it loaded it, but serves something else.",
            "Does anything else load models on this server? Two runs on two volumes? The next run looks again.",
        ),
        Advice(
            Reason.DEPENDENT_DOWN,
            "It was loaded, but an ensemble above it did not come up. The old one is put back.",
            "See the ensemble's message: mostly tensors that no longer fit.",
        ),
        Advice(
            Reason.PROBE_FAILED,
            "It was loaded, but a golden request got another answer. The old one is put back.",
            "Is the model wrong, or the `probe`? The message has both answers.",
        ),
        Advice(
            Reason.TIMED_OUT,
            "It took longer than `load.timeout` or `--timeout`.",
            "Raise that for models that are slow to load. Else see whether Triton hangs.",
        ),
        Advice(Reason.CANCELLED, "The run was asked to stop, or git wants something else by now.", "Run it again."),
        Advice(
            Reason.BUG,
            "This program did what it should not.",
            "Run it with `RECONCILE_DEBUG=1` and report what it prints. Nothing that was served is touched by it.",
        ),
        Advice(
            Reason.REPOSITORY_UNREADABLE,
            "Git answers, but not with something to read; or a folder is not what it should be.",
            "The message says which. Check `--repo` and `--path`.",
        ),
        Advice(
            Reason.REPOSITORY_UNREACHABLE,
            "Git's remote does not answer. The last known revision is applied, unless `--require-fresh` says no.",
            "It is tried again. If it lasts: address, network, token.",
        ),
        Advice(
            Reason.HOST_NOT_TRUSTED,
            "The remote's host key or certificate is not known.",
            "Compare the key with what the host publishes, then put it into known hosts. [Git](../git.md).",
        ),
        Advice(
            Reason.REPOSITORY_UNWRITABLE,
            "A file cannot be written where it should be.",
            "Name another folder, or give the right to write.",
        ),
        Advice(
            Reason.REF_NOT_FOUND,
            "There is no such branch, tag or commit.",
            "Check `--ref`. A new remote without commits has none.",
        ),
        Advice(
            Reason.PUSH_REFUSED,
            "The status could not be pushed: no right, a hook, a protected branch. What was applied stays applied (exit 6).",
            "Let this token write the branch `reconciler-status`.",
        ),
        Advice(
            Reason.PUSH_RACED,
            "Other writers were always faster. What was applied stays applied (exit 6).",
            "Nothing: the next run writes it.",
        ),
        Advice(
            Reason.NOT_COMMENTED,
            "The pull request could not be commented on. The job's summary says the same.",
            "Give the job `pull-requests: write`. On forks that is not possible with `pull_request`.",
        ),
        Advice(
            Reason.NOT_NOTIFIED,
            "Somebody could not be told.",
            "Check the receiver's address and token. [Notifications](../notifications.md).",
        ),
        Advice(
            Reason.METRICS_NOT_WRITTEN,
            "The metrics' file could not be written, or the gateway not be reached.",
            "Check the path or the address. The run itself is not touched by it.",
        ),
    ),
)

WELL = Chapter(
    "When all is well, or on its way",
    "In the conditions of a status.",
    (
        Advice(Reason.SUCCEEDED, "All is as wanted.", "Nothing."),
        Advice(Reason.PENDING, "It is on its way.", "Wait for the next run."),
        Advice(Reason.BLOCKED, "Something that had to come before it failed.", "See to that one; this follows."),
        Advice(Reason.NO_SERVER, "There is no server to ask: `--server none`.", "Nothing, in an init container."),
        Advice(Reason.NO_PROBE, "It has no golden requests.", "Give it a `probe`, so that a wrong model is found out."),
    ),
)

CHAPTERS: tuple[Chapter, ...] = (PLANNED, UNKNOWN, HELD, REFUSED, FAILED, WELL)
