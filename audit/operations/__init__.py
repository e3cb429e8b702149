"""The only way to write to the log."""

from audit.operations.appending import append
from audit.operations.keys import (
    MonthNotOverError,
    destroy_key,
    expire_month,
)
from audit.operations.master_rotation import Rotation, rotate_master_key
from audit.operations.nightly import verify_nightly
from audit.operations.reconciling import reconcile
from audit.operations.restarting import RestartError, restart_log
from audit.operations.rotating import RotationError, begin_rotation, finish_rotation
from audit.operations.settling import integrate, publish, settle
from audit.operations.verifying import (
    Outcome,
    UnknownHeadError,
    examine,
    restart_journal,
    verify,
)
from audit.operations.witnessing import ask_witnesses
from audit.tree import LogBrokenError

__all__ = [
    "LogBrokenError",
    "MonthNotOverError",
    "Outcome",
    "RestartError",
    "Rotation",
    "RotationError",
    "UnknownHeadError",
    "append",
    "ask_witnesses",
    "begin_rotation",
    "destroy_key",
    "examine",
    "expire_month",
    "finish_rotation",
    "integrate",
    "publish",
    "reconcile",
    "restart_journal",
    "restart_log",
    "rotate_master_key",
    "settle",
    "verify",
    "verify_nightly",
]
