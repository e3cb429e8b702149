"""What `verify_log` tells: sentences for a person, and JSON for a program (docs/audit-log.md)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from audit.canonical import Json
from audit.faults import Fault
from audit.models import VerificationRun
from audit.queries import HeadView

SCHEMA = "regie-verification/1"
_IN_WORDS = 20  # faults that a person is shown


def of_outcome(
    *, run: VerificationRun, faults: Sequence[Fault], head: HeadView, signing: str
) -> dict[str, Json]:
    """Return a verification as JSON. `signing` is why new entries are not signed, if they are not."""
    signed: Json = None
    if head.checkpoint_size is not None and head.checkpoint_at is not None:
        signed = {"size": head.checkpoint_size, "at": _timestamp(head.checkpoint_at)}
    return {
        "schema": SCHEMA,
        "state": "whole" if run.is_sound else "broken",
        "since": run.since,
        "counted": run.counted,
        "size": head.size,
        "root": bytes(run.root).hex(),
        "started": _timestamp(run.started_at),
        "finished": _timestamp(run.finished_at),
        "checkpoint": signed,
        "pending": head.pending,
        "signing": signing or None,
        "faultCount": run.faults,
        "faults": [fault.to_json() for fault in faults],
    }


def of_failure(what: str) -> dict[str, Json]:
    return {"schema": SCHEMA, "state": "unchecked", "what": what}


def sentences(*, run: VerificationRun, faults: Sequence[Fault]) -> list[str]:
    after = f" after the first {run.since}, which were trusted" if run.since else ""
    counted = _counted(run.counted, "entry", "entries")
    if run.is_sound:
        return [f"The log is whole: {counted}{after}, root {bytes(run.root).hex()}."]
    told = [f"- {fault.sentence}" for fault in faults[:_IN_WORDS]]
    more = [f"And {run.faults - len(told)} more."] if run.faults > len(told) else []
    first = f"The log was changed: {_counted(run.faults, 'fault', 'faults')} in {counted}{after}."
    return [first, *told, *more]


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _timestamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
