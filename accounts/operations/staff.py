"""Employees: invited by an administrator, with a link that counts a day. Who may do most is let in by two administrators."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from accounts.errors import (
    EmailTakenError,
    OwnAccountError,
    SameOfficerError,
)
from accounts.identity import email_of, login_index
from accounts.models import Invitation, LinkPurpose, MailLink, Role, User
from accounts.notice_kinds import TOKEN, NoticeKind
from accounts.operations.events import log_about, log_of_user
from accounts.operations.links import link_facts, make_link, use_link
from accounts.operations.notices import notify
from accounts.operations.people import create_login
from accounts.operations.sessions import end_sessions
from accounts.queries import user_by_email
from accounts.staff_queries import active_administrators, invitation_email, invitation_of
from audit import keyring
from audit.events import EventKind

LINK_LASTS = timedelta(hours=24)
STAFF = (Role.DESK, Role.OFFICER, Role.ADMIN)
_NEEDS_TWO = frozenset({Role.OFFICER, Role.ADMIN})


@transaction.atomic
def invite(*, email: str, role: Role, by: User | None, at: datetime) -> Invitation:
    """Invite an employee. `by` is None for an operator at the command line.

    The mail goes at once, unless the role needs a second administrator and there is one. An address that
    has a login gets another mail, and the administrator sees no difference.

    Raises:
        OwnAccountError: nobody gives himself a role.
    """
    if by is not None and by.login_index == login_index(email):
        raise OwnAccountError
    waits = by is not None and role in _NEEDS_TWO and active_administrators() > 1
    invitation = _made(email=email, role=role, by=by, at=at)
    log_about(
        EventKind.STAFF_INVITED,
        by=by,
        at=at,
        internal={"invitation": str(invitation.pk), "role": role.value},
    )
    if not waits:
        _send(invitation, at=at)
    return invitation


@transaction.atomic
def approve_invitation(*, invitation_id: UUID, by: User, at: datetime) -> bool:
    """Agree, as another administrator than who invited; then the mail goes. False: there is nothing to approve.

    Raises:
        SameOfficerError: this administrator invited, or is the one invited.
    """
    waiting = Invitation.objects.select_for_update().filter(sent_at=None, ended_at=None)
    invitation = waiting.filter(pk=invitation_id).first()
    if invitation is None:
        return False
    is_own = by.login_index == login_index(invitation_email(invitation))
    if is_own or invitation.invited_by_id == by.pk:
        raise SameOfficerError
    invitation.approved_by = by
    log_about(
        EventKind.INVITATION_APPROVED, by=by, at=at, internal={"invitation": str(invitation.pk)}
    )
    _send(invitation, at=at)
    return True


@transaction.atomic
def withdraw_invitation(*, invitation_id: UUID, by: User, at: datetime) -> bool:
    """Take an invitation back; its link no longer counts. False: there is nothing to take back."""
    if not _end(invitation_id, at=at):
        return False
    log_about(
        EventKind.INVITATION_WITHDRAWN, by=by, at=at, internal={"invitation": str(invitation_id)}
    )
    return True


@sensitive_variables("password", "hashed")
def accept_invitation(*, link: MailLink, password: str, at: datetime) -> bool:
    """Make the login of an employee; False when the invitation no longer counts, or the address is taken."""
    hashed = make_password(password)
    try:
        with transaction.atomic():
            return _accept(link, hashed, at=at)
    except EmailTakenError:
        return False


def invite_again(*, user: User, at: datetime) -> None:
    """Let an employee whose login was taken away make it new, in the transaction in which that is done."""
    invitation = _made(email=email_of(user), role=Role(user.role), by=None, at=at, user=user)
    _send(invitation, at=at)


@transaction.atomic
def deactivate(*, user_id: UUID, by: User, at: datetime) -> bool:
    """Let an employee in no longer, from this moment; False when there is no such employee.

    Raises:
        OwnAccountError: nobody does this to himself, so there is always an administrator left.
    """
    if user_id == by.pk:
        raise OwnAccountError
    # All of them are locked: of two who let each other go at the same moment, one is too late.
    employees = User.objects.select_for_update().filter(role__in=STAFF, is_active=True)
    active = {user.pk: user for user in employees.order_by("pk")}
    user = active.get(user_id)
    if user is None or by.pk not in active:
        return False
    User.objects.filter(pk=user.pk).update(is_active=False)
    end_sessions(user)
    log_about(EventKind.STAFF_DEACTIVATED, user=user, by=by, at=at)
    return True


def _end(invitation_id: UUID, *, at: datetime) -> bool:
    return Invitation.objects.filter(pk=invitation_id, ended_at=None).update(ended_at=at) == 1


def _made(
    *, email: str, role: Role, by: User | None, at: datetime, user: User | None = None
) -> Invitation:
    key = keyring.month_key(at=at)
    invitation = Invitation(id=uuid4(), key=key, role=role, user=user, invited_by=by, created_at=at)
    invitation.email_sealed = keyring.seal(
        key=key,
        plaintext=email.strip().encode(),
        context=f"accounts.invitation|{invitation.pk}|email",
    )
    invitation.save(force_insert=True)
    return invitation


def _send(invitation: Invitation, *, at: datetime) -> None:
    """Mail the link, or tell the owner of the address that there is a login already."""
    invitation.sent_at = at
    invitation.save(update_fields=["sent_at", "approved_by"])
    email = invitation_email(invitation)
    token = make_link(
        purpose=LinkPurpose.INVITATION,
        facts={"invitation": str(invitation.pk)},
        lasts=LINK_LASTS,
        at=at,
    )
    owner = user_by_email(email)
    if owner is not None and owner.pk != invitation.user_id:
        notify(user=owner, kind=NoticeKind.ADDRESS_IN_USE, at=at)
    else:
        facts = {TOKEN: token}
        notify(user=None, kind=NoticeKind.INVITATION, at=at, facts=facts, address=email)


def _accept(link: MailLink, hashed: str, *, at: datetime) -> bool:
    invitation = invitation_of(link_facts(link)["invitation"])
    if invitation is None or not use_link(link, at=at) or not _end(invitation.pk, at=at):
        return False
    user = invitation.user
    if user is None:
        user = create_login(
            email=invitation_email(invitation),
            password_hash=hashed,
            role=Role(invitation.role),
            at=at,
        )
    else:
        user.password, user.is_active = hashed, True
        user.save(update_fields=["password", "is_active"])
    log_of_user(EventKind.STAFF_JOINED, user=user, at=at, shown={"role": user.role})
    return True
