"""Somebody lost everything. Two people of the office help: one looks at who it is, another agrees, and then it waits three days.

Nobody of them sees or chooses a password or a code. The owner hears of every step and can stop it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.errors import CaseExistsError, RecoveryBlockedError, SameOfficerError
from accounts.models import LinkPurpose, MailLink, PostedCode, RecoveryCase, User
from accounts.notice_kinds import TOKEN, UNTIL, NoticeKind
from accounts.operations.ending import remove_factors
from accounts.operations.events import log_about
from accounts.operations.links import link_facts, make_link, use_link
from accounts.operations.notices import notify
from accounts.operations.password_reset import is_blocked
from accounts.operations.posted_codes import post_code
from accounts.operations.sessions import end_sessions
from accounts.operations.staff import invite_again
from accounts.queries import subject_of
from audit.canonical import Json
from audit.events import EventKind

WAIT = timedelta(hours=72)
CAUTION = timedelta(days=30)
_CANCEL_LASTS = timedelta(days=30)  # of a case that is not approved yet


def open_case(
    *, user: User, evidence: RecoveryCase.Evidence, by: User, at: datetime
) -> RecoveryCase:
    """Note that somebody showed who he is, and what kind of proof that was. Its owner is told, and can stop it.

    Raises:
        CaseExistsError: there is a case already.
        RecoveryBlockedError: the e-mail address was changed less than three days ago.
        SameOfficerError: nobody opens a case for himself.
    """
    if user.pk == by.pk:
        raise SameOfficerError
    if is_blocked(user, at=at):
        raise RecoveryBlockedError
    try:
        with transaction.atomic():
            case = RecoveryCase.objects.create(
                user=user, evidence=evidence, opened_by=by, opened_at=at
            )
            log_about(EventKind.RECOVERY_OPENED, user=user, by=by, at=at, internal=_named(case))
            _tell(case, NoticeKind.RECOVERY_OPENED, lasts=_CANCEL_LASTS, at=at)
    except IntegrityError as error:
        raise CaseExistsError from error
    return case


@transaction.atomic
def approve_case(*, case_id: UUID, by: User, at: datetime) -> bool:
    """Agree, as another person than who opened it; from now on it waits three days. False: there is nothing to approve.

    Raises:
        SameOfficerError: this is the person who opened it, or whom it is about.
    """
    case = _open_cases().filter(pk=case_id, approved_at=None).first()
    if case is None:
        return False
    if by.pk in {case.opened_by_id, case.user_id}:
        raise SameOfficerError
    case.approved_by, case.approved_at, case.waits_until = by, at, at + WAIT
    case.save(update_fields=["approved_by", "approved_at", "waits_until"])
    log_about(EventKind.RECOVERY_APPROVED, user=case.user, by=by, at=at, internal=_named(case))
    facts = {UNTIL: case.waits_until.isoformat()}
    _tell(case, NoticeKind.RECOVERY_APPROVED, lasts=WAIT, at=at, facts=facts)
    return True


@transaction.atomic
def cancel_case(*, case_id: UUID, by: User | None, at: datetime) -> bool:
    """Stop a case that has not ended; `by` is None when the owner does it. False: there is nothing to stop."""
    case = _open_cases().filter(pk=case_id).first()
    if case is None:
        return False
    case.cancelled_at = at
    case.save(update_fields=["cancelled_at"])
    log_about(EventKind.RECOVERY_CANCELLED, user=case.user, by=by, at=at, internal=_named(case))
    notify(user=case.user, kind=NoticeKind.RECOVERY_CANCELLED, at=at)
    return True


@transaction.atomic
def cancel_by_link(*, link: MailLink, at: datetime) -> bool:
    """Stop the case of a link, without a log-in. The link can do nothing else."""
    return use_link(link, at=at) and cancel_case(
        case_id=UUID(link_facts(link)["case"]), by=None, at=at
    )


def finish_cases(*, at: datetime) -> int:
    """Finish every case whose three days are over; return how many. Any number of processes may call this."""
    due = RecoveryCase.objects.filter(waits_until__lte=at, cancelled_at=None, done_at=None)
    return sum(_finish(case_id, at=at) for case_id in due.values_list("pk", flat=True))


@transaction.atomic
def _finish(case_id: UUID, *, at: datetime) -> bool:
    """Take away everything that gave access, and send a letter (or an invitation) with which to begin anew."""
    case = _open_cases().filter(pk=case_id, waits_until__lte=at).first()
    if case is None:
        return False
    user = case.user
    case.done_at = at
    case.save(update_fields=["done_at"])
    user.is_active, user.password, user.caution_until = False, make_password(None), at + CAUTION
    user.save(update_fields=["is_active", "password", "caution_until"])
    remove_factors(user)
    end_sessions(user)
    MailLink.objects.filter(user=user, used_at=None).delete()
    subject = subject_of(user.pk)
    if subject is None:
        invite_again(user=user, at=at)
    else:
        PostedCode.objects.filter(subject=subject, used_at=None).delete()
        post_code(subject=subject, purpose=PostedCode.Purpose.ACTIVATION, at=at)
    log_about(EventKind.RECOVERY_DONE, user=user, by=None, at=at, internal=_named(case))
    notify(user=user, kind=NoticeKind.RECOVERY_DONE, at=at)
    return True


def _open_cases() -> "QuerySet[RecoveryCase]":
    waiting = RecoveryCase.objects.filter(cancelled_at=None, done_at=None)
    return waiting.select_for_update(of=("self",)).select_related("user__key")


def _named(case: RecoveryCase) -> dict[str, Json]:
    return {"case": str(case.pk), "evidence": case.evidence}


def _tell(
    case: RecoveryCase,
    kind: NoticeKind,
    *,
    lasts: timedelta,
    at: datetime,
    facts: dict[str, str] | None = None,
) -> None:
    token = make_link(
        purpose=LinkPurpose.RECOVERY_CANCEL,
        user=case.user,
        facts={"case": str(case.pk)},
        lasts=lasts,
        at=at,
    )
    notify(user=case.user, kind=kind, at=at, facts={**(facts or {}), TOKEN: token})
