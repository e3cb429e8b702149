"""Append entries, number and sign, and be killed at one point on the way: as by a power cut, no handler runs."""

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

from audit import checkpoint, integration, journal, merkle, operations  # noqa: E402
from audit.events import Actor, Event, EventKind  # noqa: E402
from audit.journal import OpenJournal  # noqa: E402
from audit.models import Checkpoint, Tile  # noqa: E402
from audit.operations import witnessing  # noqa: E402


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
    _arm_integrator(point)
    _arm_publisher(point)


def _arm_integrator(point: str) -> None:
    if point == "before numbering":
        merkle.leaf_hash = die  # type: ignore[assignment]
    elif point == "after numbering":
        integration._number = dying_after(integration._number)
    elif point == "after the tiles":
        Tile.objects.bulk_create = dying_after(Tile.objects.bulk_create)  # type: ignore[method-assign]
    elif point == "after the head":
        integration._move = dying_after(integration._move)
    elif point == "after numbers are committed":
        integration.integrate = dying_after(integration.integrate)


def _arm_publisher(point: str) -> None:
    if point == "before signing":
        checkpoint.sign_by_each = die  # type: ignore[assignment]
    elif point == "before the commit":
        Checkpoint.objects.create = dying_after(Checkpoint.objects.create)  # type: ignore[method-assign]
    elif point == "after the commit":
        OpenJournal.append = die  # type: ignore[method-assign]
    elif point == "in the middle of a line":
        journal.os.write = half_a_line  # type: ignore[attr-defined]
    elif point == "after the line":
        OpenJournal.append = dying_after(OpenJournal.append)  # type: ignore[method-assign]
    elif point == "before the witness":
        witnessing._sent = die  # type: ignore[assignment]
    elif point == "after the witness":
        witnessing._keep = die  # type: ignore[assignment]


def main(point: str, entries: int) -> None:
    for _ in range(entries):
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
    operations.ask_witnesses(at=timezone.now())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
