"""Compare, in a process of its own, the log with the records and the statuses. Prints one line of JSON."""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db.models import Max  # noqa: E402
from django.utils import timezone  # noqa: E402

from audit import queries  # noqa: E402
from audit.events import EventKind  # noqa: E402
from audit.models import Leaf, LogEntry, PendingEntry  # noqa: E402
from audit.operations import settle, verify  # noqa: E402
from consent.models import ConsentRecord  # noqa: E402

CHOICES: dict[str, bool] = {
    EventKind.CONSENT_GIVEN: True,
    EventKind.CONSENT_REFUSED: False,
    EventKind.CONSENT_WITHDRAWN: False,
}


def replayed() -> dict[str, int]:
    """Replay the log in its own order.

    Count each yes that a service got while no consent stood, and each choice that said what stood.
    """
    stands: dict[tuple[object, object, object], bool] = {}
    wrong = repeated = 0
    for entry in _in_order():
        if entry.shown is None:
            continue
        key = (entry.subject_id, entry.shown.get("purpose"), entry.shown.get("dataCategory"))
        if entry.kind in CHOICES:
            repeated += stands.get(key) is CHOICES[entry.kind]
            stands[key] = CHOICES[entry.kind]
        elif entry.kind is EventKind.ACCESS_DECIDED and entry.shown["reason"] == "consent-given":
            wrong += not stands.get(key, False)
    return {"yesWithoutConsent": wrong, "repeated": repeated}


def _in_order() -> list[queries.EntryView]:
    entries: list[queries.EntryView] = []
    before = None
    while page := queries.entries(filter=queries.EntryFilter(), before=before, limit=500):
        entries += page
        before = page[-1].id
    return sorted(entries, key=lambda entry: -1 if entry.index is None else entry.index)


def main() -> dict[str, object]:
    settle(at=timezone.now())
    run = verify(at=timezone.now(), clock=timezone.now)
    return {
        "entries": LogEntry.objects.count(),
        "leaves": Leaf.objects.count(),
        "last": Leaf.objects.aggregate(last=Max("index"))["last"],
        "pending": PendingEntry.objects.count(),
        "faults": run.faults,
        "firstFault": run.first_fault,
        "records": ConsentRecord.objects.count(),
        "choiceEvents": LogEntry.objects.filter(kind__in=[str(kind) for kind in CHOICES]).count(),
        **replayed(),
    }


if __name__ == "__main__":
    print(json.dumps(main()))  # noqa: T201
