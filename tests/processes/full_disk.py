"""Number and sign with the journal on a disk that fills up, then make room. Prints what happened as one line of JSON."""

import json
import os
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import transaction  # noqa: E402

from audit import operations  # noqa: E402
from audit.events import EventKind  # noqa: E402
from audit.models import Checkpoint, LogHead  # noqa: E402
from tests.audit.builders import NOW, an_event  # noqa: E402

JOURNAL = Path(os.environ["REGIE_DATA_DIR"]) / "log" / "journal"
HEADS = 200  # far more than fit


def one_more() -> str:
    """Append and settle; return what was wrong."""
    with transaction.atomic():
        operations.append(an_event(kind=EventKind.LOG_READ, subject_id=None))
    try:
        operations.settle(at=NOW)
    except operations.LogBrokenError as error:
        return str(error)
    return ""


def main() -> dict[str, Any]:
    filler = JOURNAL.parent / "filler"
    filler.write_bytes(bytes(4096))
    heads = 0
    while not (complaint := one_more()) and heads < HEADS:
        heads += 1
    again = [one_more() for _ in range(3)]
    numbered = LogHead.objects.get().size
    filler.unlink()
    repaired = one_more()
    return {
        "heads": heads,
        "complaint": complaint,
        "stays": all(again),
        "numbered": numbered == heads + 4,
        "repaired": repaired,
        "agree": len(JOURNAL.read_bytes().splitlines()) == Checkpoint.objects.count(),
        "signed": Checkpoint.objects.latest("size").size == LogHead.objects.get().size,
        "sound": operations.verify(at=NOW, clock=lambda: NOW).is_sound,
    }


if __name__ == "__main__":
    print(json.dumps(main()))  # noqa: T201
