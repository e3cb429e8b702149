"""What a measuring process does with the log. Each function returns figures: seconds, or microseconds where it says so."""

import itertools
import random
import resource
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, sleep
from unittest.mock import patch
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.operations import register_data_subject
from audit import archive, integration, keyring, operations, proofs
from audit.contents import Contents
from audit.events import Actor, Event, EventKind
from audit.models import Checkpoint, Leaf, LogEntry, LogHead, Payload, PendingEntry
from audit.queries import EntryFilter
from audit.sealing import seal_event
from consent.catalogue import read_catalogue
from consent.models import NoticeVersion, PurposeCategory
from consent.operations import choices, record_choices
from consent.operations.catalogue import load_catalogue

_CATALOGUE = Path("consent/catalogues/vechtwater.yaml")
_START = datetime(2026, 1, 1, tzinfo=UTC)
_CUSTOMERS = 2_000
_READY: dict[str, Callable[[], object]] = {}
_LOOK_EVERY = 0.005  # seconds


def now() -> datetime:
    return datetime.now(UTC)


def event_about(subject_id: UUID, *, at: datetime) -> Event:
    """Return an event as a decision makes it: the most common line of all."""
    return Event(
        kind=EventKind.ACCESS_DECIDED,
        actor=Actor.SERVICE,
        at=at,
        subject_id=subject_id,
        shown={"reason": "consent", "purposeTitle": "Lekken vinden in uw straat"},
        internal={"client": "lekdetectie", "request": "0f8fad5b-d9cb-469f-a165-70867728950e"},
        purpose="lekwaarschuwing",
        data_category="usage",
        recipient="storingsdienst",
        outcome="permitted",
    )


# --- a large log ---------------------------------------------------------------------------------


def fill(*, entries: int) -> dict[str, float]:
    """Stage this many entries about at most 2,000 customers, as fast as rows go in, over a year."""
    begun = perf_counter()
    with transaction.atomic():
        keys = [
            keyring.living_key(owner_id=uuid4(), at=_START)
            for _ in range(min(_CUSTOMERS, entries // 10))
        ]
    step = timedelta(days=365) / entries
    numbers = iter(range(entries))
    while batch := list(itertools.islice(numbers, 2_000)):
        with transaction.atomic():
            sealed = []
            for number in batch:
                key, at = keys[number % len(keys)], _START + number * step
                event = event_about(key.owner_id or uuid4(), at=at)
                month = keyring.month_key(at=at)
                sealed.append(
                    (
                        seal_event(event=event, subject_key=key, organisation_key=month),
                        key,
                        month,
                        event,
                    )
                )
            rows = LogEntry.objects.bulk_create(
                LogEntry(
                    uid=it.leaf.uid,
                    leaf=it.leaf.to_bytes(),
                    kind=it.leaf.kind,
                    at=it.leaf.at,
                    actor=it.leaf.actor,
                )
                for it, _, _, _ in sealed
            )
            Payload.objects.bulk_create(
                Payload(
                    entry=row,
                    subject_key=key,
                    subject_part=it.subject_part,
                    organisation_key=month,
                    organisation_part=it.organisation_part,
                    purpose=event.purpose,
                    data_category=event.data_category,
                    recipient=event.recipient,
                    outcome=event.outcome,
                )
                for row, (it, key, month, event) in zip(rows, sealed, strict=True)
            )
    return {"seconds": perf_counter() - begun}


def integrate_all(*, limit: int) -> dict[str, float]:
    """Number everything that is staged."""
    begun, count = perf_counter(), 0
    while done := integration.integrate(at=now(), limit=limit):
        count += done
    return {"entries": count, "seconds": perf_counter() - begun}


def sign() -> dict[str, int]:
    operations.settle(at=now())
    return {"size": LogHead.objects.get().size}


# --- writing -------------------------------------------------------------------------------------


def prepare_rows() -> None:
    """Make the plainest table that a business could write to."""
    with connection.cursor() as cursor:
        identity = (
            "bigint GENERATED ALWAYS AS IDENTITY"
            if connection.vendor == "postgresql"
            else "integer"
        )
        cursor.execute(
            f"CREATE TABLE benchmark_row (id {identity} PRIMARY KEY, subject text, purpose text, answer text, at text)"
        )


def prepare_register() -> None:
    """Load the register of the demo: what is chosen about."""
    load_catalogue(catalogue=read_catalogue(_CATALOGUE), at=now())


def ready(*, business: str) -> None:
    """Get ready for `go`: what is done only once is not what is measured."""
    if business not in _READY:
        _READY[business] = {"write": _writing, "choose": _choosing}[business]()
    _READY[business]()


def go(*, business: str, seconds: float, is_logged: bool) -> dict[str, float]:
    """Do the business over and over until time is up; not logged: the lines are thrown away."""
    work, begun, count = _READY[business], perf_counter(), 0
    with nullcontext() if is_logged else _unlogged():
        while perf_counter() - begun < seconds:
            work()
            count += 1
    return {"count": count, "begun": begun, "ended": perf_counter()}


def _writing() -> Callable[[], object]:
    """One business row a transaction."""
    subject_id = uuid4()
    return lambda: _one_write(subject_id)


def _choosing() -> Callable[[], object]:
    """One customer changes all answers to a purpose."""
    subject = register_data_subject(
        reference=f"VW-{uuid4()}", name="mevrouw A. Jansen", user=None, at=now()
    )
    notice = NoticeVersion.objects.filter(purpose__slug="lekwaarschuwing").latest("number").number
    lines = PurposeCategory.objects.filter(purpose__slug="lekwaarschuwing")
    categories = list(lines.values_list("category__slug", flat=True))
    answers = itertools.cycle((True, False))
    return lambda: record_choices(
        subject=subject,
        purpose="lekwaarschuwing",
        choices=dict.fromkeys(categories, next(answers)),
        notice_number=notice,
        language="nl",
        at=now(),
    )


@contextmanager
def _unlogged() -> Iterator[None]:
    with (
        patch.object(choices, "append", _thrown_away),
        patch.object(operations, "append", _thrown_away),
    ):
        yield


def _thrown_away(_event: Event) -> LogEntry:
    return LogEntry(uid=uuid4())


def append(*, count: int) -> dict[str, float]:
    """Return the median time of one transaction with a business row and its line (microseconds)."""
    subject_id = uuid4()
    _one_write(subject_id)
    taken = list(_timed(count, lambda: _one_write(subject_id)))
    return {"microseconds": statistics.median(taken) * 1e6}


def pending() -> int:
    return PendingEntry.objects.count()


def delays(*, seconds: float) -> list[float]:
    """Append now and then, and return how long each entry took to get its place (seconds)."""
    end, subject_id, seen = perf_counter() + seconds, uuid4(), []
    while perf_counter() < end:
        with transaction.atomic():
            entry = operations.append(event_about(subject_id, at=now()))
        committed = perf_counter()
        while not Leaf.objects.filter(entry_id=entry.pk).exists():
            sleep(_LOOK_EVERY)
        seen.append(perf_counter() - committed)
        sleep(0.05)
    return seen


def _one_write(subject_id: UUID) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO benchmark_row (subject, purpose, answer, at) VALUES (%s, %s, %s, %s)",
                [str(subject_id), "lekwaarschuwing", "given", now().isoformat()],
            )
        operations.append(event_about(subject_id, at=now()))


def _timed(count: int, work: Callable[[], object]) -> Iterator[float]:
    for _ in range(count):
        begun = perf_counter()
        work()
        yield perf_counter() - begun


# --- proofs --------------------------------------------------------------------------------------


def prove(*, count: int) -> dict[str, float]:
    """Make the proof files of entries anywhere in the log; nothing of the tree is remembered between two."""
    signed = Checkpoint.objects.order_by("-size").first()
    assert signed is not None
    asked = []
    for index in random.Random(7).sample(range(signed.size), count):  # the same every time
        entry = LogEntry.objects.select_related("payload__subject_key").get(place__index=index)
        key = entry.payload.subject_key
        if key is not None and key.owner_id is not None:
            asked.append((entry.uid, key.owner_id))
    proofs.proof_of(uid=asked[1][0], subject_id=asked[1][1])  # a process learns the keys once
    with CaptureQueriesContext(connection) as queries:
        proofs.proof_of(uid=asked[0][0], subject_id=asked[0][1])
    taken = []
    for uid, owner_id in asked:
        begun = perf_counter()
        proofs.proof_of(uid=uid, subject_id=owner_id)
        taken.append(perf_counter() - begun)
    return {"queries": len(queries), **_spread(taken)}


def _spread(taken: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(taken, n=100)
    return {"p50": statistics.median(taken), "p99": cuts[98]}


def export(*, folder: str, is_opened: bool) -> dict[str, float]:
    """Write a complete export, with everything opened or nothing."""
    signed = Checkpoint.objects.order_by("-size").first()
    assert signed is not None
    begun = perf_counter()
    selection = EntryFilter() if is_opened else EntryFilter(purpose="none")
    for _ in archive.write(
        contents=Contents.COMPLETE,
        folder=Path(folder),
        filter=selection,
        size=signed.size,
        at=now(),
    ):
        pass
    return {
        "seconds": perf_counter() - begun,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
