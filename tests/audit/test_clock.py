"""A clock that is wrong changes nothing but the times that are claimed; that it was wrong is in the log."""

from datetime import UTC, datetime, timedelta

import pytest

from audit import operations
from audit.events import EventKind
from audit.leaf import INTERNAL
from audit.models import Leaf, LogEntry, LogHead
from audit.operations import destroy_key
from audit.queries import ROWS, opened
from tests.audit.builders import NOW, an_event, append, log_of, verified

pytestmark = pytest.mark.django_db


def anomalies() -> list[LogEntry]:
    return list(ROWS.filter(kind=EventKind.CLOCK_WENT_BACK).order_by("id"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (NOW, NOW - timedelta(hours=1)),
        (NOW, NOW - timedelta(days=1)),
        (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
        (datetime(2029, 1, 1, 0, 0, tzinfo=UTC), datetime(2028, 12, 31, 23, 0, tzinfo=UTC)),
        (datetime(2028, 2, 29, 12, 0, tzinfo=UTC), datetime(2028, 2, 28, 12, 0, tzinfo=UTC)),
    ],
)
def test_that_goes_back_changes_no_place_and_is_logged_once(
    before: datetime, after: datetime
) -> None:
    first = append(an_event(at=before))
    operations.settle(at=before)
    second = append(an_event(at=after))
    for later in range(3):
        operations.settle(at=after + timedelta(seconds=2 * later))

    (anomaly,) = anomalies()
    places = dict(Leaf.objects.values_list("entry_id", "index"))
    assert [places[entry.pk] for entry in (first, second, anomaly)] == [0, 1, 2]
    assert LogHead.objects.get().integrated_at == before
    assert anomaly.at == after.replace(microsecond=0)
    part = opened(anomaly, INTERNAL)
    assert part is not None
    assert part.members()["reached"] == before.isoformat()
    assert verified().is_sound


def test_that_goes_back_again_is_logged_again() -> None:
    log_of(1)
    operations.settle(at=NOW - timedelta(hours=1))
    append(an_event(at=NOW + timedelta(hours=1)))
    operations.settle(at=NOW + timedelta(hours=1))
    operations.settle(at=NOW - timedelta(hours=2))

    assert len(anomalies()) == 2


def test_is_logged_again_when_nobody_can_read_any_more_that_it_was() -> None:
    log_of(1)
    operations.settle(at=NOW - timedelta(days=40))
    (anomaly,) = anomalies()
    destroy_key(key=anomaly.payload.organisation_key, at=NOW)
    operations.settle(at=NOW - timedelta(hours=1))

    assert len(anomalies()) == 2


@pytest.mark.parametrize("by", [timedelta(0), timedelta(seconds=59), timedelta(days=-3)])
def test_of_a_machine_that_is_a_little_behind_or_of_the_day_after_is_none(by: timedelta) -> None:
    log_of(1)

    operations.settle(at=NOW - by)

    assert not anomalies()
