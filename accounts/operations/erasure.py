"""Taking away who someone is: the names, the login and the keys that opened them (GDPR art. 17)."""

import secrets
from collections import Counter
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts import throttle
from accounts.models import DataSubject, DeskOpening, Mandate, Notice, User
from accounts.operations.sessions import end_sessions
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
    gone = _erase_mandates(subject)
    DeskOpening.objects.filter(subject=subject).delete()
    DataSubject.objects.filter(pk=subject.pk).update(
        user=None,
        reference_index=secrets.token_hex(32),  # found by no customer number
        reference_sealed=b"",
        name_sealed=b"",
        erased_at=at,
    )
    if user is not None:
        gone += _erase_login(user)
    owners = [subject.pk, *([user.pk] if user else [])]
    Notice.objects.filter(key__owner_id__in=owners).delete()
    living = Key.objects.filter(kind=Key.Kind.OWNER, owner_id__in=owners, destroyed_at=None)
    for key in living.order_by("pk"):
        erasure = destroy_key(key=key, at=at, request=request)
        gone.update(keys=1, entries=(erasure.entries if erasure else 0) or 0)
    return gone


def _erase_mandates(subject: DataSubject) -> Counter[str]:
    """Remove the mandates that this person gave, holds, or has yet to accept: nobody acts under them any more."""
    waiting = Q(meant_index=subject.reference_index)
    either = Q(represented=subject) | Q(representative=subject)
    return Counter(mandates=Mandate.objects.filter(either | waiting).delete()[0])


def _erase_login(user: User) -> Counter[str]:
    throttle.forget(limit=throttle.PASSWORDS_PER_ACCOUNT, value=user.login_index)
    gone = Counter(logins=1, sessions=end_sessions(user))
    User.objects.filter(pk=user.pk).delete()  # with it go its app, passkeys and recovery codes
    return gone
