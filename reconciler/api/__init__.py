"""The program as a library: what would be done, to do it, how it stands, and whether the documents are right.

Values in, frozen values out; nothing is printed, no signal handled. What is exported here follows SemVer
(docs/versioning.md); everything else below `reconciler` may change at any time.
"""

from reconciler.api.asking import apply, plan, status, validate
from reconciler.api.values import (
    Applied,
    ModelPlan,
    ModelState,
    Outcome,
    Plan,
    Refusal,
    Request,
    Status,
    Step,
    Validation,
)
from reconciler.core.errors import (
    LockedError,
    Problem,
    Reason,
    ReconcileError,
    RefusedError,
    StaleError,
    TerminalError,
    TransientError,
    UsageError,
)

__all__ = [
    "Applied",
    "LockedError",
    "ModelPlan",
    "ModelState",
    "Outcome",
    "Plan",
    "Problem",
    "Reason",
    "ReconcileError",
    "Refusal",
    "RefusedError",
    "Request",
    "StaleError",
    "Status",
    "Step",
    "TerminalError",
    "TransientError",
    "UsageError",
    "Validation",
    "apply",
    "plan",
    "status",
    "validate",
]
