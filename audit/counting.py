"""How many entries there are per day, also of a log that holds ten million: from an index, or only so far as is cheap."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Value

from audit.models import LogEntry
from audit.queries import EntryFilter

Days = Sequence[tuple[datetime, datetime]]  # each from a moment up to another one

_REFUSED = Q(payload__outcome="refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """One day. `refused` is None where telling a no apart would take too long."""

    since: datetime
    total: int
    refused: int | None


def per_day(*, filter: EntryFilter, days: Days, limit: int) -> list[DayCount]:  # noqa: A002
    """Return how many entries match per day, whatever days the filter itself names: two queries at most.

    How many entries of a kind there are on a day is counted in an index. For all else their payloads
    are needed: those are looked up for the last days that have no more than `limit` such entries in
    all, and for the last day at least. What lies before is left out, or comes without `refused`.
    """
    by_kind = EntryFilter(kind=filter.kind, kinds=filter.kinds)
    asked = replace(filter, since=None, until=None)
    totals = [total for (total,) in _each(days, by_kind=by_kind, counts=[Q()])]
    first = _first_day(totals, limit=limit)
    told: Iterable[tuple[int, int | None]]
    if asked == by_kind and first > 0:
        told = [(total, None) for total in totals]
    else:
        days = days[first:]
        matches = asked.condition()
        counted = _each(days, by_kind=by_kind, counts=[matches, matches & _REFUSED])
        told = ((total, refused) for total, refused in counted)
    return [
        DayCount(since=since, total=total, refused=refused)
        for (since, _), (total, refused) in zip(days, told, strict=True)
    ]


def _first_day(totals: Sequence[int], *, limit: int) -> int:
    """Return from which day on there are no more than `limit` entries in all: the last day, if need be."""
    place = len(totals) - 1
    left = limit - totals[place]
    while place and totals[place - 1] <= left:
        place -= 1
        left -= totals[place]
    return place


def _each(days: Days, *, by_kind: EntryFilter, counts: Sequence[Q]) -> list[tuple[int, ...]]:
    """Return how many entries of each day meet these conditions: one statement, with a part per day.

    The conditions are no part of what is searched: each part walks along its own day of the index,
    whatever other index a database would rather have.
    """
    (since, until), *_ = days
    wanted = {
        f"count_{place}": Count(Value(1), filter=condition)
        for place, condition in enumerate(counts)
    }
    of_first = (
        LogEntry.objects.filter(replace(by_kind, since=since, until=until).condition())
        .annotate(one=Value(1))
        .values("one")
        .annotate(**wanted)
        .values_list(*wanted)
    )
    # Written by Django for the first day, and repeated for the others: writing it is most of the work.
    part, parameters = of_first.query.sql_with_params()
    first = [_stored(since), _stored(until)]
    each = [
        stored
        for day in days
        for stored in (_of_day(parameter, first, day) for parameter in parameters)
    ]
    parts = [f"SELECT {number}, part.* FROM ({part}) AS part" for number in range(len(days))]  # noqa: S608  # ours
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), each)
        return [tuple(counted) for _, *counted in sorted(cursor.fetchall())]


def _of_day(parameter: Any, first: Sequence[Any], day: tuple[datetime, datetime]) -> Any:
    """Return a parameter of the first day, as it is for another day."""
    return _stored(day[first.index(parameter)]) if parameter in first else parameter


def _stored(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)
