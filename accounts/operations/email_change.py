"""Another e-mail address: the new one has to answer, and from the old one it can be undone for three days."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from accounts.errors import EmailTakenError
from accounts.identity import canonical_email, email_of
from accounts.models import LinkPurpose, MailLink, User
from accounts.notice_kinds import TOKEN, UNTIL, NoticeKind
from accounts.operations.events import log_about, log_of_user
from accounts.operations.links import link_facts, make_link, owner_of, use_link
from accounts.operations.notices import notify
from accounts.operations.people import put_email
from accounts.operations.sessions import end_sessions
from accounts.queries import user_by_email
from audit.events import EventKind

LINK_LASTS = timedelta(hours=1)
UNDO_LASTS = timedelta(hours=72)


@transaction.atomic
def answer_email_change(*, user: User | None, email: str, at: datetime) -> None:
    """Mail a link to the new address. When that has a login, its owner is told, and nobody else."""
    if user is None or not user.is_active:
        return
    if canonical_email(email) == canonical_email(email_of(user)):
        return
    log_of_user(EventKind.EMAIL_CHANGE_ASKED, user=user, at=at)
    owner = user_by_email(email)
    if owner is not None:
        notify(user=owner, kind=NoticeKind.ADDRESS_IN_USE, at=at)
        return
    token = make_link(
        purpose=LinkPurpose.EMAIL_CHANGE,
        user=user,
        facts={"email": email},
        is_bound=True,
        lasts=LINK_LASTS,
        at=at,
    )
    facts = {TOKEN: token}
    notify(user=user, kind=NoticeKind.EMAIL_CHANGE, at=at, facts=facts, address=email)


def change_email(*, link: MailLink, at: datetime) -> bool:
    """Take the new address; False when the link was used meanwhile, or the address was taken.

    The old address gets a notice from which it can be undone, and for as long nobody gets in by mail.
    """
    try:
        with transaction.atomic():
            return _change(link, at=at)
    except EmailTakenError:
        return False


def undo_email_change(*, link: MailLink, at: datetime) -> bool:
    """Put the old address back and end all sessions; False when the link was used meanwhile."""
    try:
        with transaction.atomic():
            return _undo(link, at=at)
    except EmailTakenError:
        return False


def _change(link: MailLink, *, at: datetime) -> bool:
    user = _locked().get(pk=owner_of(link).pk)
    if not use_link(link, at=at):
        return False
    old = email_of(user)
    put_email(user, link_facts(link)["email"])
    until = at + UNDO_LASTS
    user.recovery_blocked_until = until
    user.save(update_fields=["recovery_blocked_until"])
    end_sessions(user)
    token = make_link(
        purpose=LinkPurpose.EMAIL_UNDO, user=user, facts={"email": old}, lasts=UNDO_LASTS, at=at
    )
    log_of_user(EventKind.EMAIL_CHANGED, user=user, at=at)
    facts = {TOKEN: token, UNTIL: until.isoformat()}
    notify(user=user, kind=NoticeKind.EMAIL_CHANGED, at=at, facts=facts, address=old)
    return True


def _undo(link: MailLink, *, at: datetime) -> bool:
    user = _locked().get(pk=owner_of(link).pk)
    if not use_link(link, at=at):
        return False
    # Whoever changed it can have changed it again, and asked for more: none of that counts any more.
    MailLink.objects.filter(user=user, used_at=None).exclude(pk=link.pk).delete()
    put_email(user, link_facts(link)["email"])
    # The old address gave access before; its owner may need it now, to choose another password.
    user.recovery_blocked_until = None
    user.save(update_fields=["recovery_blocked_until"])
    end_sessions(user)
    log_about(EventKind.EMAIL_RESTORED, user=user, by=None, at=at)
    notify(user=user, kind=NoticeKind.EMAIL_RESTORED, at=at)
    return True


def _locked() -> "QuerySet[User]":
    return User.objects.select_for_update(of=("self",)).select_related("key")
