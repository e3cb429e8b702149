"""Append three entries and publish, and be killed at one point on the way: as by a power cut, no handler runs."""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from audit import checkpoint, journal, operations  # noqa: E402
from audit.events import Actor, Event, EventKind  # noqa: E402
from audit.journal import OpenJournal  # noqa: E402
from audit.models import Checkpoint  # noqa: E402


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying_after(call: Callable[..., Any]) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Any:
        call(*args, **kwargs)
        die()

    return called


def half_a_line(descriptor: int, content: bytes) -> int:
    written = _write(descriptor, content[: len(content) // 2])
    os.fsync(descriptor)
    die()
    return written


_write = os.write


def arm(point: str) -> None:
    if point == "before signing":
        checkpoint.sign = die  # type: ignore[assignment]
    elif point == "before the commit":
        Checkpoint.objects.create = dying_after(Checkpoint.objects.create)  # type: ignore[method-assign]
    elif point == "after the commit":
        OpenJournal.append = die  # type: ignore[method-assign]
    elif point == "in the middle of a line":
        journal.os.write = half_a_line  # type: ignore[attr-defined]
    elif point == "after the line":
        OpenJournal.append = dying_after(OpenJournal.append)  # type: ignore[method-assign]


def main(point: str) -> None:
    for _ in range(3):
        with transaction.atomic():
            operations.append(
                Event(
                    kind=EventKind.LOG_READ,
                    actor=Actor.SYSTEM,
                    at=timezone.now(),
                    subject_id=None,
                    shown={},
                    internal={},
                )
            )
    arm(point)
    operations.settle(at=timezone.now())


if __name__ == "__main__":
    main(sys.argv[1])
