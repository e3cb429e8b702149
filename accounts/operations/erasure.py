"""Taking away who someone is: the names, the login and the keys that opened them (GDPR art. 17)."""

import secrets
from collections import Counter
from datetime import datetime
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import transaction

from accounts import throttle
from accounts.models import DataSubject, MailLink, Notice, PostedCode, User
from audit.models import Key
from audit.operations import destroy_key


@transaction.atomic
def erase_person(*, subject: DataSubject, request: str, at: datetime) -> Counter[str]:
    """Erase the names and the login of a data subject, and destroy its keys; return what went, counted.

    The row stays and names nobody. Whoever calls this holds that row.

    Raises:
        JournalError: it cannot be written down outside the database.
    """
    user = subject.user
    DataSubject.objects.filter(pk=subject.pk).update(
        user=None,
        reference_index=secrets.token_hex(32),  # found by no customer number
        reference_sealed=b"",
        name_sealed=b"",
        erased_at=at,
    )
    gone: Counter[str] = Counter()
    if user is not None:
        gone += _erase_login(user)
    owners = [subject.pk, *([user.pk] if user else [])]
    Notice.objects.filter(key__owner_id__in=owners).delete()
    MailLink.objects.filter(subject=subject).delete()
    PostedCode.objects.filter(subject=subject).delete()
    living = Key.objects.filter(kind=Key.Kind.OWNER, owner_id__in=owners, destroyed_at=None)
    for key in living.order_by("pk"):
        erasure = destroy_key(key=key, at=at, request=request)
        gone.update(keys=1, entries=(erasure.entries if erasure else 0) or 0)
    return gone


def _erase_login(user: User) -> Counter[str]:
    throttle.forget(limit=throttle.PASSWORDS_PER_ACCOUNT, value=user.login_index)
    gone = Counter(logins=1, sessions=end_sessions_of(user.pk))
    User.objects.filter(
        pk=user.pk
    ).delete()  # with it go its app, its recovery codes, links and cases
    return gone


def end_sessions_of(user_id: UUID) -> int:
    """End the sessions of a user, those that are halfway logging in as well; return how many."""
    theirs = [
        session.pk
        for session in Session.objects.iterator()
        if str(user_id) in str(session.get_decoded())
    ]
    return Session.objects.filter(pk__in=theirs).delete()[0]
