"""The registration of a client as it is now, remembered for a few seconds: what is taken away counts soon after."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from accounts.models import ServiceClient


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveClient:
    """A client that is in use. `recipient` is the slug."""

    pk: int
    client_id: str
    recipient: str
    recipient_id: int
    scopes: frozenset[str]
    purposes: frozenset[str]


_remembered: dict[str, tuple[datetime, LiveClient]] = {}


def find(client_id: str, *, at: datetime) -> LiveClient | None:
    """Return the client with this id, at most `CLIENTS_ARE_REMEMBERED` old; None when it is not in use.

    Only a client that is in use is remembered, so that there are never more than are registered.
    """
    known = _remembered.get(client_id)
    if known is not None and known[0] <= at < known[0] + settings.CLIENTS_ARE_REMEMBERED:
        return known[1]
    row = (
        ServiceClient.objects.select_related("recipient")
        .filter(client_id=client_id, is_active=True)
        .first()
    )
    if row is None:
        _remembered.pop(client_id, None)
        return None
    client = LiveClient(
        pk=row.pk,
        client_id=row.client_id,
        recipient=row.recipient.slug,
        recipient_id=row.recipient_id,
        scopes=frozenset(row.scopes),
        purposes=frozenset(row.purposes),
    )
    _remembered[client_id] = (at, client)
    return client


def forget_all() -> None:
    """Ask the database again for every client: in this process a change counts at once."""
    _remembered.clear()
