"""Who works here and who was invited, and which accounts are being given back: what the office sees of accounts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts.identity import email_of, reference_of
from accounts.models import Invitation, RecoveryCase, Role, User
from audit import keyring

_STAFF = (Role.DESK, Role.OFFICER, Role.ADMIN)
_SHOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffLine:
    """An employee. `is_self`: the one who looks."""

    id: UUID
    email: str
    role: str
    is_active: bool
    is_self: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationLine:
    """An invitation that was not accepted yet. `may_approve`: it waits for the one who looks."""

    id: UUID
    email: str
    role: str
    created_at: datetime
    waits: bool
    may_approve: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """An account that is being given back. `name` is a customer number, or the address of an employee."""

    id: UUID
    name: str
    state: str  # "asked", "waiting", "done" or "cancelled"
    evidence: str
    opened_at: datetime
    waits_until: datetime | None
    may_approve: bool


def staff_lines(*, viewer: User) -> list[StaffLine]:
    """Return every employee, those who may log in first."""
    found = User.objects.filter(role__in=_STAFF).select_related("key")
    return [
        StaffLine(
            id=user.pk,
            email=email_of(user),
            role=user.role,
            is_active=user.is_active,
            is_self=user.pk == viewer.pk,
        )
        for user in found.order_by("-is_active", "role", "created_at")
    ]


def invitation_lines(*, viewer: User, since: datetime) -> list[InvitationLine]:
    """Return the invitations that still count: sent after `since`, or waiting for a second administrator."""
    found = Invitation.objects.filter(ended_at=None, created_at__gt=since)
    return [
        InvitationLine(
            id=invitation.pk,
            email=invitation_email(invitation),
            role=invitation.role,
            created_at=invitation.created_at,
            waits=invitation.sent_at is None,
            may_approve=invitation.sent_at is None and invitation.invited_by_id != viewer.pk,
        )
        for invitation in found.select_related("key").order_by("-created_at")
    ]


def case_lines(*, viewer: User, of_staff: bool, at: datetime) -> list[CaseLine]:
    """Return the cases of customers, or of staff: those that are open and those of the last 30 days."""
    cases = RecoveryCase.objects.filter(opened_at__gt=at - _SHOWN_FOR)
    cases = (
        cases.filter(user__role__in=_STAFF) if of_staff else cases.exclude(user__role__in=_STAFF)
    )
    found = cases.select_related("user__key", "user__data_subject__key").order_by("-opened_at")
    return [_line(case, viewer) for case in found]


def case_of(case_id: UUID, *, of_staff: bool) -> RecoveryCase | None:
    """Return a case, if it is one of staff or one of a customer as asked."""
    cases = RecoveryCase.objects.filter(pk=case_id)
    return (
        cases.filter(user__role__in=_STAFF) if of_staff else cases.exclude(user__role__in=_STAFF)
    ).first()


def employee(user_id: UUID) -> User | None:
    return User.objects.filter(pk=user_id, role__in=_STAFF).select_related("key").first()


def active_administrators() -> int:
    return User.objects.filter(role=Role.ADMIN, is_active=True).count()


def invitation_of(invitation_id: str) -> Invitation | None:
    """Return an invitation that was not accepted or taken back."""
    found = Invitation.objects.filter(pk=invitation_id, ended_at=None)
    return found.select_related("key", "user__key").first()


def invitation_email(invitation: Invitation) -> str:
    """Return the address that was invited.

    Raises:
        KeyDestroyedError: it was so long ago that it is forgotten.
    """
    return keyring.open_sealed(
        key=invitation.key,
        sealed=bytes(invitation.email_sealed),
        context=f"accounts.invitation|{invitation.pk}|email",
    ).decode()


def _line(case: RecoveryCase, viewer: User) -> CaseLine:
    subject = getattr(case.user, "data_subject", None)
    is_asked = case.approved_at is None and case.cancelled_at is None
    state = (
        "cancelled"
        if case.cancelled_at
        else "done"
        if case.done_at
        else "asked"
        if is_asked
        else "waiting"
    )
    return CaseLine(
        id=case.pk,
        name=reference_of(subject) if subject else email_of(case.user),
        state=state,
        evidence=case.get_evidence_display(),
        opened_at=case.opened_at,
        waits_until=case.waits_until,
        may_approve=is_asked and viewer.pk not in {case.opened_by_id, case.user_id},
    )
