"""The systems that ask, as an administrator reads them: what each may ask about, and how long its keys count."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts import jwk
from accounts.client_keys import REMINDERS, days_left
from accounts.models import ClientKey, PurposeRequest, ServiceClient, User
from consent.queries.register import PurposeInRegister, Register, current_register

_SOON = max(REMINDERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    id: int
    kid: str
    algorithms: str
    since: datetime
    until: datetime
    last_used_at: datetime | None
    has_begun: bool
    has_ended: bool
    ends_soon: bool
    days_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeLine:
    """A purpose, with the categories that the recipient uses for it; `title` is its code when it is in no register."""

    slug: str
    title: str
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    id: UUID
    purpose: PurposeLine
    asked_at: datetime
    is_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLine:
    """A system in the list. `key` is the one that counts longest; none: it cannot ask for a token."""

    client_id: str
    recipient: str
    is_active: bool
    last_used_at: datetime | None
    key: KeyLine | None
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPage:
    client_id: str
    recipient: str
    contact: str
    is_active: bool
    created_at: datetime
    scopes: tuple[str, ...]
    keys: tuple[KeyLine, ...]
    purposes: tuple[PurposeLine, ...]
    requests: tuple[RequestLine, ...]
    possible: tuple[PurposeLine, ...]


def client_lines(*, language: str, at: datetime) -> list[ClientLine]:
    """Return every system, by its id.

    Raises:
        NoCatalogueError: no catalogue was ever loaded.
    """
    register = current_register()
    clients = ServiceClient.objects.select_related("recipient").order_by("client_id")
    waiting = PurposeRequest.objects.filter(outcome="").values_list("client_id", flat=True)
    asked = list(waiting)
    return [
        ClientLine(
            client_id=client.client_id,
            recipient=register.recipient_name(client.recipient.slug, language),
            is_active=client.is_active,
            last_used_at=max(
                (key.last_used_at for key in client.keys.all() if key.last_used_at), default=None
            ),
            key=_longest(client.keys.all(), at=at),
            waiting=asked.count(client.pk),
        )
        for client in clients.prefetch_related("keys")
    ]


def client_by_id(client_id: str) -> ServiceClient | None:
    """Return the system with this id, with its recipient."""
    return ServiceClient.objects.select_related("recipient").filter(client_id=client_id).first()


def client_page(client: ServiceClient, *, reader: User, language: str, at: datetime) -> ClientPage:
    """Return all that is registered of one system.

    Raises:
        NoCatalogueError: no catalogue was ever loaded.
    """
    register, slug = current_register(), client.recipient.slug
    keys = [_key_line(key, at=at) for key in client.keys.order_by("-not_after", "-pk")]
    requests = client.purpose_requests.filter(outcome="").order_by("asked_at")
    asked = {request.purpose for request in requests}
    return ClientPage(
        client_id=client.client_id,
        recipient=register.recipient_name(slug, language),
        contact=client.recipient.contact,
        is_active=client.is_active,
        created_at=client.created_at,
        scopes=tuple(client.scopes),
        keys=tuple(keys),
        purposes=tuple(_purpose(register, one, slug, language) for one in client.purposes),
        requests=tuple(
            RequestLine(
                id=request.pk,
                purpose=_purpose(register, request.purpose, slug, language),
                asked_at=request.asked_at,
                is_own=request.asked_by_id == reader.pk,
            )
            for request in requests
        ),
        possible=tuple(
            _purpose(register, one.slug, slug, language)
            for one in register.purposes.values()
            if one.is_active and one.slug not in {*client.purposes, *asked} and _uses(one, slug)
        ),
    )


def recipient_choices(*, language: str) -> list[tuple[str, str]]:
    """Return the recipients of the register as (slug, name), by name.

    Raises:
        NoCatalogueError: no catalogue was ever loaded.
    """
    register = current_register()
    found = [(slug, register.recipient_name(slug, language)) for slug in register.recipients]
    return sorted(found, key=lambda one: one[1].casefold())


def _longest(keys: Iterable[ClientKey], *, at: datetime) -> KeyLine | None:
    counting = [key for key in keys if key.not_before <= at < key.not_after]
    longest = max(counting, key=lambda key: key.not_after, default=None)
    return _key_line(longest, at=at) if longest else None


def _key_line(key: ClientKey, *, at: datetime) -> KeyLine:
    left = key.not_after - at
    return KeyLine(
        id=key.pk,
        kid=key.kid,
        algorithms=", ".join(jwk.algorithms_of(key.jwk)),
        since=key.not_before,
        until=key.not_after,
        last_used_at=key.last_used_at,
        has_begun=key.not_before <= at,
        has_ended=left <= timedelta(),
        ends_soon=timedelta() < left <= _SOON,
        days_left=days_left(not_after=key.not_after, at=at),
    )


def _purpose(register: Register, slug: str, recipient: str, language: str) -> PurposeLine:
    purpose = register.purposes.get(slug)
    uses = _uses(purpose, recipient) if purpose else []
    return PurposeLine(
        slug=slug,
        title=register.purpose_title(slug, language) or slug,
        categories=tuple(register.category_title(one, language) for one in uses),
    )


def _uses(purpose: PurposeInRegister, recipient: str) -> list[str]:
    return sorted(category for used_by, category in purpose.uses if used_by == recipient)
