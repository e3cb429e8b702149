"""A data subject chooses: give, refuse or withdraw consent, with one form and in one transaction."""

import calendar
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.utils import timezone

from accounts import policy
from accounts.models import DataSubject
from audit.events import Event
from audit.operations import append
from consent.decision import standing_of, status_of_answer
from consent.errors import AnswerMissingError, NoticeOutdatedError, UnknownPurposeError
from consent.models import (
    ConsentRecord,
    CurrentConsent,
    DataCategory,
    DismissedQuestion,
    Message,
    NoticeVersion,
    Purpose,
)
from consent.operations.authors import Author, author_of
from consent.queries.events import KIND_OF_CHOICE
from consent.vocabulary import Channel, ConsentStatus, LegalBasis, Standing

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What one press of the button did: the number to find it by, and whether anything changed."""

    number: str
    is_changed: bool


@transaction.atomic
def record_choices(
    *,
    subject: DataSubject,
    purpose: str,
    choices: Mapping[str, bool],
    notice_number: int,
    language: str,
    at: datetime,
    by: policy.Actor | None = None,
    channel: Channel = Channel.PORTAL,
) -> Submission:
    """Record what the data subject answered to every question of a purpose, or what was answered for him.

    `choices` maps each category slug of the purpose to yes (True) or no (False). An answer that
    changes nothing is not recorded again: pressing the button twice leaves one record, and the
    number of the earlier submission is returned. `by` is who answers when that is somebody else.

    Raises:
        NotAllowedError: whoever answers may not give, or not withdraw, this.
        MandateEndedError, OpeningEndedError: whoever answers may no longer do so.
        UnknownPurposeError: the purpose does not exist, stopped, or needs no consent.
        NoticeOutdatedError: `notice_number` is not the version that holds now.
        AnswerMissingError: not exactly the categories of the purpose were answered.
    """
    _one_at_a_time(subject)
    author = author_of(by=by or policy.customer(subject.pk), channel=channel, at=at)
    asked, notice = _question(purpose=purpose, notice_number=notice_number)
    standing = _locked_choices(subject, asked)
    changes = [
        (category, status)
        for category in _categories(asked, answered=choices.keys())
        if (stands := _standing(standing.get(category.id), notice=notice, at=at))
        and (status := status_of_answer(is_yes=choices[category.slug], standing=stands))
    ]
    for category, status in changes:
        author.check(subject=subject, purpose=asked.slug, category=category.slug, status=status)
    if not changes:
        last = max(standing.values(), key=lambda current: current.record_id)
        return Submission(number=last.record.submission, is_changed=False)
    number = _new_number()
    ends = _end(at, asked.validity_months)
    for category, status in changes:
        record = ConsentRecord(
            submission=number,
            subject=subject,
            purpose=asked,
            category=category,
            notice_version=notice,
            language=language,
            status=status,
            recorded_at=at,
            valid_until=ends if status is ConsentStatus.GIVEN else None,
            **author.recorded,
        )
        _record(record, author=author)
    if subject.user_id:  # whoever has no login has no address; the choice stands in the file
        Message.objects.create(
            subject=subject, submission=number, language=language, created_at=at, next_try_at=at
        )
    return Submission(number=number, is_changed=True)


def dismiss_question(*, subject: DataSubject, purpose: str, notice_number: int) -> None:
    """Do not show the question again on the front page, until its text changes.

    Raises:
        UnknownPurposeError: there is no such question.
        NoticeOutdatedError: the text changed; the new question may be shown.
    """
    _, notice = _question(purpose=purpose, notice_number=notice_number)
    DismissedQuestion.objects.get_or_create(subject=subject, notice_version=notice)


def _one_at_a_time(subject: DataSubject) -> None:
    # Lock the data subject, not the latest record: a second writer that waited for that
    # record would go on with it, although a newer one exists by then.
    # One who was erased meanwhile is no longer there to choose.
    DataSubject.objects.select_for_update().get(pk=subject.pk, erased_at=None)


def _locked_choices(subject: DataSubject, purpose: Purpose) -> dict[int, CurrentConsent]:
    """Return where each category stands, locked in the order in which a decision locks them."""
    rows = CurrentConsent.objects.select_for_update().filter(subject=subject, purpose=purpose)
    return {current.category_id: current for current in rows.order_by("pk")}


def _question(*, purpose: str, notice_number: int) -> tuple[Purpose, NoticeVersion]:
    asked = Purpose.objects.filter(
        slug=purpose, is_active=True, legal_basis=LegalBasis.CONSENT
    ).first()
    if asked is None:
        raise UnknownPurposeError
    notice = asked.notice_versions.order_by("-number").first()
    if notice is None:
        raise UnknownPurposeError
    if notice.number != notice_number:
        raise NoticeOutdatedError
    return asked, notice


def _categories(purpose: Purpose, *, answered: Collection[str]) -> list[DataCategory]:
    lines = purpose.categories.select_related("category").order_by("position")
    categories = [line.category for line in lines]
    if set(answered) != {category.slug for category in categories}:
        raise AnswerMissingError
    return categories


def _standing(current: CurrentConsent | None, *, notice: NoticeVersion, at: datetime) -> Standing:
    choice = current.choice if current else None
    return standing_of(choice=choice, notice_number=notice.number, at=at)


def _record(record: ConsentRecord, *, author: Author) -> None:
    """Store the line in the log, the record that names it and the status that follows from it."""
    record.entry_uid = append(_event(record, author=author)).uid
    record.save(force_insert=True)
    author.log_own(record)
    CurrentConsent.objects.update_or_create(
        subject_id=record.subject_id,
        purpose_id=record.purpose_id,
        category_id=record.category_id,
        defaults={
            "record": record,
            "status": record.status,
            "valid_until": record.valid_until,
            "notice_number": record.notice_version.number,
            "recorded_at": record.recorded_at,
        },
    )


def _event(record: ConsentRecord, *, author: Author) -> Event:
    return Event(
        kind=KIND_OF_CHOICE[ConsentStatus(record.status)],
        actor=author.logged_as,
        at=record.recorded_at,
        subject_id=record.subject_id,
        shown={
            "record": str(record.reference),
            "submission": record.submission,
            "noticeVersion": record.notice_version.number,
            "noticeDigest": record.notice_version.digest,
            "language": record.language,
            "channel": record.channel,
            **author.told,
        },
        internal=author.internal,
        purpose=record.purpose.slug,
        data_category=record.category.slug,
        outcome=record.status,
    )


def _end(moment: datetime, months: int | None) -> datetime | None:
    """Return the same day of the month `months` later, or the last day of a shorter month.

    A day is a day in the time zone of the organisation: that is how people read it.
    """
    if months is None:
        return None
    local = timezone.localtime(moment)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).astimezone(UTC)


def _new_number() -> str:
    code = "".join(secrets.choice(_CROCKFORD) for _ in range(8))
    return f"T-{code[:4]}-{code[4:]}"
