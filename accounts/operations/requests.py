"""What is asked on pages that must not tell who is known here: stored by the page, answered by a worker.

The page does the same work, the same queries and gives the same answer, whoever it is about (ASVS 5.0, 6.3.8).
"""

import logging
from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from accounts import throttle
from accounts.identity import canonical_email, canonical_reference
from accounts.models import AccountRequest, RequestKind, User
from accounts.operations.activation import answer_activation
from accounts.operations.email_change import answer_email_change
from accounts.operations.password_reset import answer_password_reset
from accounts.throttle import Bucket
from audit import keyring

logger = logging.getLogger(__name__)

_BATCH = 50


@sensitive_variables("typed")
def ask(
    *,
    kind: RequestKind,
    typed: str,
    address: str,
    language: str,
    at: datetime,
    user: User | None = None,
) -> None:
    """Store what somebody asks. `typed` is a customer number or an e-mail address.

    Raises:
        LockedOutError: asked too often about this person, or from this address.
    """
    same = canonical_reference if kind is RequestKind.ACTIVATION else canonical_email
    _count(value=f"{kind}|{same(typed)}", address=address, at=at)
    with transaction.atomic():
        request = AccountRequest(id=uuid4(), kind=kind, user=user, language=language, created_at=at)
        request.typed_sealed = keyring.seal(
            key=keyring.month_key(at=at), plaintext=typed.encode(), context=_context(request)
        )
        request.save(force_insert=True)


def answer_requests(*, at: datetime) -> int:
    """Do what was asked; return how much that was. Any number of processes may call this."""
    answered = 0
    waiting = AccountRequest.objects.select_related("user__key").order_by("created_at")
    for request in waiting[:_BATCH]:
        try:
            with transaction.atomic():
                if AccountRequest.objects.filter(pk=request.pk).delete()[0]:
                    _answer(request, at=at)
                    answered += 1
        except (keyring.SealBrokenError, keyring.KeyDestroyedError) as error:
            # It will never be readable, and must hold up no other; whoever asked can ask again.
            logger.warning("A request could not be read (%s).", type(error).__name__)
            AccountRequest.objects.filter(pk=request.pk).delete()
    return answered


def _answer(request: AccountRequest, *, at: datetime) -> None:
    typed = keyring.open_sealed(
        key=keyring.month_key(at=request.created_at),
        sealed=bytes(request.typed_sealed),
        context=_context(request),
    ).decode()
    if request.kind == RequestKind.ACTIVATION:
        answer_activation(reference=typed, at=at)
    elif request.kind == RequestKind.PASSWORD_RESET:
        answer_password_reset(email=typed, at=at)
    else:
        answer_email_change(user=request.user, email=typed, at=at)


def _count(*, value: str, address: str, at: datetime) -> None:
    throttle.check_all(
        [
            Bucket(limit=throttle.REQUESTS_PER_PERSON, value=value),
            Bucket(limit=throttle.REQUESTS_PER_ADDRESS, value=address),
        ],
        at=at,
    )


def _context(request: AccountRequest) -> str:
    return f"accounts.accountrequest|{request.id}|typed"
