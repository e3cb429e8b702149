"""The only way to write to the log."""

from audit.operations.appending import append
from audit.operations.keys import MonthNotOverError, destroy_key
from audit.operations.settling import integrate, publish, settle
from audit.operations.verifying import restart_journal, verify
from audit.tree import LogBrokenError

__all__ = [
    "LogBrokenError",
    "MonthNotOverError",
    "append",
    "destroy_key",
    "integrate",
    "publish",
    "restart_journal",
    "settle",
    "verify",
]
