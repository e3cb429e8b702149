"""What the log says about the systems that ask: who changed what, never a key."""

from datetime import datetime

from accounts import policy
from accounts.models import ServiceClient, User
from audit.canonical import Json
from audit.events import Actor, Event, EventKind
from audit.operations import append


def log_of_client(
    kind: EventKind,
    *,
    client: ServiceClient,
    admin: User | None,
    at: datetime,
    purpose: str = "",
    **more: Json,
) -> None:
    """Log a change, in the transaction in which it was made; without an administrator a command made it.

    Raises:
        NotAllowedError: this login is not that of an administrator; then nothing was changed either.
    """
    if admin:
        actor = policy.of_role(admin.role, user_id=admin.pk)
        policy.check(actor, policy.Action.CONFIGURE, policy.Target())
    who: dict[str, Json] = {"user": str(admin.pk)} if admin else {}
    append(
        Event(
            kind=kind,
            actor=Actor.ADMIN if admin else Actor.SYSTEM,
            at=at,
            subject_id=None,
            shown={},
            internal={**who, "client": client.client_id, **more},
            purpose=purpose,
            recipient=client.recipient.slug,
        )
    )
