"""What a decision needs, in one statement that does the same work for everyone."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.queries import reference_index
from audit.models import Key
from consent.decision import Choice, RegisteredUse
from consent.models import CurrentConsent
from consent.vocabulary import ConsentStatus, LegalBasis

# The register, the person and the choices each join from the left, so that a question about an
# unknown person or purpose costs what any other costs. One row, or one for each other category that
# the purpose cannot do without: how many follows from the register, never from the person.
_FACTS = """
SELECT p.slug, c.slug, x.id, p.legal_basis,
       (SELECT MAX(n.number) FROM consent_noticeversion n WHERE n.purpose_id = p.id),
       s.id, k.id, k.kind, k.owner_id, k.master_key_id, k.wrapped, k.created_at,
       u.id, u.status, u.valid_until, u.notice_number,
       r.id, v.id, v.status, v.valid_until, v.notice_number
FROM (SELECT 1 AS always) a
LEFT JOIN consent_purpose p ON p.slug = %s AND p.is_active
LEFT JOIN consent_datacategory c ON c.slug = %s
LEFT JOIN consent_processing x
       ON x.purpose_id = p.id AND x.category_id = c.id AND x.recipient_id = %s
LEFT JOIN accounts_datasubject s ON s.reference_index = %s
LEFT JOIN audit_key k ON k.id = s.key_id
LEFT JOIN consent_currentconsent u
       ON u.subject_id = s.id AND u.purpose_id = p.id AND u.category_id = c.id
LEFT JOIN consent_purposecategory r
       ON r.purpose_id = p.id AND r.is_required AND r.category_id <> c.id
LEFT JOIN consent_currentconsent v
       ON v.subject_id = s.id AND v.purpose_id = p.id AND v.category_id = r.category_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessFacts:
    """What is the case about one question. Codes that are not in the register come back empty.

    `required` are the choices about the other categories that the purpose cannot do without.
    `choice_ids` are the rows of all these choices.
    """

    purpose: str
    data_category: str
    use: RegisteredUse | None
    subject_id: UUID | None
    subject_key: Key | None
    choice: Choice | None
    required: tuple[Choice | None, ...]
    choice_ids: tuple[int | None, ...]


def access_facts(
    *, recipient_id: int, purpose: str, data_category: str, reference: str
) -> AccessFacts:
    """Return the facts behind "may this recipient use this category of this person for this purpose?"."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [purpose, data_category, recipient_id, reference_index(reference)])
        rows = cursor.fetchall()
    row = rows[0]
    others = [one[16:] for one in rows if one[16] is not None]
    return AccessFacts(
        purpose=row[0] or "",
        data_category=row[1] or "",
        use=_use(processing_id=row[2], legal_basis=row[3], notice_number=row[4]),
        subject_id=_uuid(row[5]),
        subject_key=_key(row[6:12]),
        choice=_choice(*row[13:16]),
        required=tuple(_choice(*other[2:]) for other in others),
        choice_ids=(row[12], *(other[1] for other in others)),
    )


def with_locked_choices(facts: AccessFacts) -> AccessFacts:
    """Return the facts with the choices as they are once nobody else is changing them, and keep them so until commit.

    Only where the database locks rows: SQLite lets one transaction write at a time as it is.
    """
    rows = CurrentConsent.objects.select_for_update().filter(pk__in=filter(None, facts.choice_ids))
    locked = {row.pk: row.choice for row in rows.order_by("pk")}
    choice, *required = (locked.get(pk) if pk else None for pk in facts.choice_ids)
    return replace(facts, choice=choice, required=tuple(required))


def _use(
    *, processing_id: int | None, legal_basis: str | None, notice_number: int | None
) -> RegisteredUse | None:
    if processing_id is None or legal_basis is None or notice_number is None:
        return None
    return RegisteredUse(legal_basis=LegalBasis(legal_basis), notice_number=notice_number)


def _choice(status: str | None, valid_until: object, notice_number: int | None) -> Choice | None:
    if status is None or notice_number is None:
        return None
    return Choice(
        status=ConsentStatus(status),
        valid_until=_moment(valid_until),
        notice_number=notice_number,
    )


def _key(columns: tuple[Any, ...]) -> Key | None:
    names = ("id", "kind", "owner_id", "master_key_id", "wrapped", "created_at")
    facts = dict(zip(names, columns, strict=True))
    if facts["id"] is None:
        return None
    facts |= {name: _uuid(facts[name]) for name in ("id", "owner_id")}
    return Key(**facts | {"created_at": _moment(facts["created_at"])})


def _uuid(value: object) -> UUID | None:
    """SQLite keeps a UUID as 32 hexadecimal characters."""
    return value if value is None or isinstance(value, UUID) else UUID(str(value))


def _moment(value: Any) -> datetime | None:
    """SQLite keeps a moment in UTC without saying so."""
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
