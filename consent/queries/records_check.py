"""Whether the records, the status that follows from them and the log still agree: `verify_log` asks this too.

Each check is one statement, so that it sees one moment of a database in use.
"""

from collections.abc import Iterator

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from consent.models import ConsentRecord, CurrentConsent
from consent.queries.events import CHOICES

_SAME = ("subject", "purpose", "category")
_COUNTS = """
SELECT (SELECT COUNT(*) FROM consent_consentrecord),
       (SELECT COUNT(*) FROM audit_logentry WHERE kind IN (%s, %s, %s))
"""


def record_faults() -> Iterator[str]:
    """Name every table in which something is not as the records say, with its first row and how many there are."""
    yield from _said(
        _differing(), "consent_currentconsent", "it is not what the last record of that choice says"
    )
    yield from _said(
        _without_status(), "consent_consentrecord", "the status that follows from it is missing"
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
    return ConsentRecord.objects.filter(~Exists(status))


def _said(
    rows: QuerySet[CurrentConsent] | QuerySet[ConsentRecord], table: str, what: str
) -> Iterator[str]:
    if first := rows.order_by("pk").first():
        yield f"Table {table}, id {first.pk}: {what} (rows: {rows.count()})."


def _missing_in_log() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, sorted(CHOICES))
        records, entries = cursor.fetchone()
    if entries != records:
        yield f"Table consent_consentrecord: there are {records} records, and {entries} in the log."
