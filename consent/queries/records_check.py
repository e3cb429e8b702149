"""Whether the records, the status that follows from them and the log still agree: `verify_log` asks this too.

Each check is one statement, so that it sees one moment of a database in use.
"""

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When

from audit.faults import Fault
from audit.models import LogEntry
from consent.models import ConsentRecord, CurrentConsent
from consent.queries.events import CHOICES, KIND_OF_CHOICE

_SAME = ("subject", "purpose", "category")
_COUNTS = """
SELECT (SELECT COUNT(*) FROM consent_consentrecord),
       (SELECT COUNT(*) FROM audit_logentry WHERE kind IN (%s, %s, %s))
"""


def record_faults() -> Iterator[Fault]:
    """Name every table in which something is not as the records say, with its first row and how many there are."""
    yield from _said(
        _differing(), "consent_currentconsent", "it is not what the last record of that choice says"
    )
    yield from _said(
        _without_status(), "consent_consentrecord", "the status that follows from it is missing"
    )
    yield from _said(
        _with_another_line(),
        "consent_consentrecord",
        "the line in the log that it names is another one",
    )
    yield from _said(
        _without_its_line(), "consent_consentrecord", "it does not name its line in the log"
    )
    yield from _missing_in_log()


def _differing() -> QuerySet[CurrentConsent]:
    same = ConsentRecord.objects.filter(**{name: OuterRef(name) for name in _SAME})
    newest = Subquery(same.order_by("-id").values("id")[:1])
    is_same = (
        Q(record_id=F("newest"), status=F("record__status"), recorded_at=F("record__recorded_at"))
        & Q(notice_number=F("record__notice_version__number"))
        & (Q(valid_until=F("record__valid_until")) | Q(valid_until=None, record__valid_until=None))
    )
    return CurrentConsent.objects.annotate(newest=newest).exclude(is_same)


def _without_status() -> QuerySet[ConsentRecord]:
    status = CurrentConsent.objects.filter(**{name: OuterRef(name) for name in _SAME})
    return ConsentRecord.objects.filter(~Exists(status), subject__erased_at=None)


def _with_another_line() -> QuerySet[ConsentRecord]:
    """Return the records that name a line which is not there, or is about something else."""
    named = _lines_of_record().filter(uid=OuterRef("entry_uid"))
    return ConsentRecord.objects.exclude(entry_uid=None).filter(~Exists(named))


def _without_its_line() -> QuerySet[ConsentRecord]:
    """Return the records that name no line, although there is one that nobody else names."""
    since = OuterRef("recorded_at") - timedelta(seconds=1)  # a line tells whole seconds
    free = ~Exists(ConsentRecord.objects.filter(entry_uid=OuterRef("uid")))
    own = _lines_of_record().filter(free, at__gt=since, at__lte=OuterRef("recorded_at"))
    readable = own.exclude(payload__subject_part=None)
    return ConsentRecord.objects.filter(Exists(readable), entry_uid=None)


def _lines_of_record() -> QuerySet[LogEntry]:
    """Return the lines that can tell of an outer record. Of what was erased nobody can say more."""
    kind = Case(*(When(kind=it, then=Value(status)) for status, it in KIND_OF_CHOICE.items()))
    is_about = Q(payload__subject_key__owner_id=OuterRef("subject_id"))
    codes = Q(
        payload__purpose=OuterRef("purpose__slug"),
        payload__data_category=OuterRef("category__slug"),
    )
    same = is_about & (codes | Q(payload__subject_part=None))
    told = LogEntry.objects.annotate(status=kind).filter(status=OuterRef("status"))
    return told.filter(same | Q(payload=None))


def _said(
    rows: QuerySet[CurrentConsent] | QuerySet[ConsentRecord], table: str, what: str
) -> Iterator[Fault]:
    if first := rows.order_by("pk").first():
        yield Fault(table=table, row=f"id {first.pk}", what=f"{what} (rows: {rows.count()}).")


def _missing_in_log() -> Iterator[Fault]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, sorted(CHOICES))
        records, entries = cursor.fetchone()
    if entries != records:
        what = f"there are {records} records, and {entries} in the log."
        yield Fault(table="consent_consentrecord", what=what)
