"""Registering the systems that ask: what each may ask for, and the keys by which it proves who it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts import jwk
from accounts.models import ClientKey, Recipient, ServiceClient, User
from accounts.operations import (
    create_client,
    end_client_key,
    lock_client,
    put_client,
    put_client_key,
    set_scopes,
    switch_client,
)
from audit.events import EventKind
from consent.errors import ClientTakenError, KeyTakenError
from consent.models import Processing
from consent.operations.service_events import log_of_client


class NotInRegisterError(Exception):
    """The register has no such recipient or purpose; the message names those that it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A public key (RFC 7517) that counts from `not_before` until `not_after` (exclusive)."""

    kid: str
    jwk: Mapping[str, Any]
    not_before: datetime
    not_after: datetime


@transaction.atomic
def register_service(
    *,
    client_id: str,
    recipient: str,
    scopes: Sequence[str],
    purposes: Sequence[str],
    key: PublicKey,
    at: datetime,
) -> None:
    """Register a system and its key, or make its registration what is given here; other keys stay.

    For whoever runs commands on the machine: the purposes count at once.

    Raises:
        NotInRegisterError: there is no such recipient, or it uses nothing for one of the purposes.
        JwkError: the key is not a public key of a kind and size that we accept.
        TooManyKeysError: two keys count already.
        ScopeError: a scope has a character that a scope cannot have.
    """
    found = recipient_in_register(recipient)
    check_purposes(found, purposes)
    client = put_client(
        client_id=client_id, recipient=found, scopes=scopes, purposes=purposes, at=at
    )
    log_of_client(
        EventKind.CLIENT_REGISTERED,
        client=client,
        admin=None,
        at=at,
        scopes=list(scopes),
        purposes=list(purposes),
    )
    _put_key(client, key, admin=None, at=at)


@transaction.atomic
def register_client(
    *,
    admin: User,
    client_id: str,
    recipient: str,
    scopes: Sequence[str],
    key: PublicKey,
    at: datetime,
) -> ServiceClient:
    """Register a new system with its first key. It may ask about nothing yet: a purpose takes two people.

    Raises:
        ClientTakenError: there is a system with this id.
        NotInRegisterError: there is no such recipient.
        JwkError: the key is not a public key of a kind and size that we accept.
        KeyTakenError: some system has this key already.
        ScopeError: a scope has a character that a scope cannot have.
    """
    found = recipient_in_register(recipient)
    client = create_client(client_id=client_id, recipient=found, scopes=scopes, at=at)
    if client is None:
        raise ClientTakenError
    log_of_client(
        EventKind.CLIENT_REGISTERED, client=client, admin=admin, at=at, scopes=list(scopes)
    )
    add_key(admin=admin, client=client, key=key, at=at)
    return client


@transaction.atomic
def add_key(*, admin: User, client: ServiceClient, key: PublicKey, at: datetime) -> None:
    """Add a key that replaces another, or will; two may count at the same time.

    Raises:
        JwkError: the key is not a public key of a kind and size that we accept.
        KeyTakenError: some system has this key already, or this one a key with this name.
        TooManyKeysError: two keys count already at some moment of its period.
    """
    lock_client(client)
    mark = jwk.thumbprint(key.jwk)
    if any(
        jwk.thumbprint(other.jwk) == mark or (other.client_id, other.kid) == (client.pk, key.kid)
        for other in ClientKey.objects.all()
    ):
        raise KeyTakenError
    _put_key(client, key, admin=admin, at=at)


@transaction.atomic
def end_key(
    *, admin: User, client: ServiceClient, key_id: int, after: timedelta, at: datetime
) -> None:
    """End a key now, or some time from now; at once it takes the tokens along that are out.

    Raises:
        ClientKey.DoesNotExist: the system has no such key, or it has ended.
    """
    lock_client(client)
    key = ClientKey.objects.get(pk=key_id, client=client, not_after__gt=at)
    end_client_key(key=key, ends_at=at + after, at=at)
    log_of_client(
        EventKind.CLIENT_KEY_ENDED,
        client=client,
        admin=admin,
        at=at,
        clientKey=key.kid,
        until=_said(min(key.not_after, at + after)),
    )


@transaction.atomic
def change_scopes(
    *, admin: User, client: ServiceClient, scopes: Sequence[str], at: datetime
) -> None:
    """Let a system do this and nothing else; tokens that are out lose the rest at once."""
    if sorted(lock_client(client).scopes) == sorted(scopes):
        return
    set_scopes(client=client, scopes=scopes)
    log_of_client(
        EventKind.CLIENT_SCOPES_CHANGED, client=client, admin=admin, at=at, scopes=list(scopes)
    )


@transaction.atomic
def switch(*, admin: User, client: ServiceClient, is_active: bool, at: datetime) -> None:
    """Let a system call, or no longer. Pressing the button twice leaves one line."""
    if lock_client(client).is_active == is_active:
        return
    switch_client(client=client, is_active=is_active, at=at)
    kind = EventKind.CLIENT_ENABLED if is_active else EventKind.CLIENT_DISABLED
    log_of_client(kind, client=client, admin=admin, at=at)


def recipient_in_register(slug: str) -> Recipient:
    """Return a recipient of the catalogue.

    Raises:
        NotInRegisterError: there is no such recipient.
    """
    found = Recipient.objects.filter(slug=slug).first()
    if found is None:
        known = list(Recipient.objects.order_by("slug").values_list("slug", flat=True))
        raise NotInRegisterError(f"There is no recipient {slug}. {_choice(known)}")
    return found


def check_purposes(recipient: Recipient, purposes: Sequence[str]) -> None:
    """Refuse what the recipient uses nothing for.

    Raises:
        NotInRegisterError: so it is for one of the purposes.
    """
    uses = Processing.objects.filter(recipient=recipient, purpose__is_active=True)
    known = sorted(set(uses.values_list("purpose__slug", flat=True)))
    if unknown := sorted(set(purposes) - set(known)):
        raise NotInRegisterError(
            f"{recipient.slug} uses nothing for the purpose {', '.join(unknown)}. {_choice(known)}"
        )


def _put_key(client: ServiceClient, key: PublicKey, *, admin: User | None, at: datetime) -> None:
    put_client_key(
        client=client,
        kid=key.kid,
        jwk=key.jwk,
        not_before=key.not_before,
        not_after=key.not_after,
    )
    log_of_client(
        EventKind.CLIENT_KEY_ADDED,
        client=client,
        admin=admin,
        at=at,
        clientKey=key.kid,
        until=_said(key.not_after),
    )


def _said(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _choice(known: Sequence[str]) -> str:
    if not known:
        return "There are none yet: load a catalogue first (load_catalogue)."
    return f"Choose from: {', '.join(known)}."
