"""A new purpose for a system takes two administrators: one asks, another one approves."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import PurposeRequest, ServiceClient, User
from accounts.operations import lock_client, set_purposes
from audit.events import EventKind
from consent.errors import PurposeAskedError, RequestDecidedError, SecondPersonError
from consent.operations.service_events import log_of_client
from consent.operations.services import check_purposes

_Outcome = PurposeRequest.Outcome


@transaction.atomic
def ask_purpose(
    *, admin: User, client: ServiceClient, purpose: str, at: datetime
) -> PurposeRequest:
    """Ask that a system may ask about this purpose. Nothing changes until somebody else approves.

    Raises:
        NotInRegisterError: its recipient uses nothing for this purpose.
        PurposeAskedError: it has the purpose already, or that was asked.
    """
    check_purposes(client.recipient, [purpose])
    is_there = purpose in lock_client(client).purposes
    if is_there or client.purpose_requests.filter(purpose=purpose, outcome="").exists():
        raise PurposeAskedError
    asked = PurposeRequest.objects.create(
        client=client, purpose=purpose, asked_by=admin, asked_at=at
    )
    log_of_client(
        EventKind.CLIENT_PURPOSE_ASKED, client=client, admin=admin, at=at, purpose=purpose
    )
    return asked


@transaction.atomic
def approve_purpose(*, admin: User, request_id: UUID, at: datetime) -> None:
    """Let the system ask about the purpose, from now on.

    Raises:
        RequestDecidedError: there is no such request any more.
        SecondPersonError: this administrator asked for it.
        NotInRegisterError: its recipient no longer uses anything for this purpose.
    """
    asked = _waiting(request_id)
    if asked.asked_by_id == admin.pk:
        raise SecondPersonError
    client = lock_client(asked.client)
    check_purposes(client.recipient, [asked.purpose])
    _close(asked, _Outcome.APPROVED, admin=admin, at=at)
    set_purposes(client=client, purposes=[*client.purposes, asked.purpose])
    _log(EventKind.CLIENT_PURPOSE_APPROVED, asked, admin=admin, at=at)


@transaction.atomic
def decline_purpose(*, admin: User, request_id: UUID, at: datetime) -> None:
    """Refuse what another administrator asked for, or take back what one asked for oneself.

    Raises:
        RequestDecidedError: there is no such request any more.
    """
    asked = _waiting(request_id)
    is_own = asked.asked_by_id == admin.pk
    _close(asked, _Outcome.TAKEN_BACK if is_own else _Outcome.REFUSED, admin=admin, at=at)
    _log(EventKind.CLIENT_PURPOSE_DECLINED, asked, admin=admin, at=at)


@transaction.atomic
def remove_purpose(*, admin: User, client: ServiceClient, purpose: str, at: datetime) -> None:
    """Let a system no longer ask about this purpose: one administrator is enough to stop something."""
    purposes = lock_client(client).purposes
    if purpose not in purposes:
        return
    set_purposes(client=client, purposes=[one for one in purposes if one != purpose])
    log_of_client(
        EventKind.CLIENT_PURPOSE_REMOVED, client=client, admin=admin, at=at, purpose=purpose
    )


def _waiting(request_id: UUID) -> PurposeRequest:
    """Return the request, and let nobody else decide about it meanwhile."""
    waiting = PurposeRequest.objects.select_for_update(of=("self",)).filter(outcome="")
    asked = waiting.select_related("client__recipient").filter(pk=request_id).first()
    if asked is None:
        raise RequestDecidedError
    return asked


def _close(
    asked: PurposeRequest, outcome: PurposeRequest.Outcome, *, admin: User, at: datetime
) -> None:
    asked.outcome, asked.decided_by, asked.decided_at = outcome, admin, at
    asked.save(update_fields=["outcome", "decided_by", "decided_at"])


def _log(kind: EventKind, asked: PurposeRequest, *, admin: User, at: datetime) -> None:
    log_of_client(
        kind,
        client=asked.client,
        admin=admin,
        at=at,
        purpose=asked.purpose,
        askedBy=str(asked.asked_by_id),
    )
