"""Making the other side: recipients, their systems, and the keys by which those prove who they are."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import jwk, live_clients
from accounts.client_keys import Period, is_one_too_many, next_reminder
from accounts.errors import JwkError, ScopeError, TooManyKeysError
from accounts.models import ClientKey, Recipient, ServiceClient
from accounts.oauth import assertions

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 section 3.3


def put_recipient(
    *,
    slug: str,
    kind: Recipient.Kind,
    texts: Mapping[str, Any],
    contact: str,
    country: str,
    is_automated: bool,
) -> Recipient:
    """Make the recipient with this slug, or make it what is given here."""
    recipient, _ = Recipient.objects.update_or_create(
        slug=slug,
        defaults={
            "kind": kind,
            "texts": dict(texts),
            "contact": contact,
            "country": country,
            "is_automated": is_automated,
        },
    )
    return recipient


def put_client(
    *,
    client_id: str,
    recipient: Recipient,
    scopes: Sequence[str],
    purposes: Sequence[str],
    at: datetime,
) -> ServiceClient:
    """Register the system with this id, or make its registration what is given here.

    Raises:
        ScopeError: a scope has a character that a scope cannot have.
    """
    _check_scopes(scopes)
    rights = {"recipient": recipient, "scopes": list(scopes), "purposes": list(purposes)}
    client, _ = ServiceClient.objects.update_or_create(
        client_id=client_id, defaults=rights, create_defaults={**rights, "created_at": at}
    )
    transaction.on_commit(live_clients.forget_all)
    return client


def create_client(
    *, client_id: str, recipient: Recipient, scopes: Sequence[str], at: datetime
) -> ServiceClient | None:
    """Register a new system that may ask about nothing yet; None when there is one with this id.

    Raises:
        ScopeError: a scope has a character that a scope cannot have.
    """
    _check_scopes(scopes)
    client, is_new = ServiceClient.objects.get_or_create(
        client_id=client_id,
        defaults={"recipient": recipient, "scopes": list(scopes), "created_at": at},
    )
    return client if is_new else None


@transaction.atomic
def put_client_key(
    *,
    client: ServiceClient,
    kid: str,
    jwk: Mapping[str, Any],
    not_before: datetime,
    not_after: datetime,
) -> ClientKey:
    """Register a public key (RFC 7517) of a client for a period; `not_after` is exclusive.

    Raises:
        JwkError: it is not a public key of a kind and size that we accept, or its name is not one that
            an assertion can use.
        TooManyKeysError: two keys count already at some moment of that period.
    """
    public = _public(jwk, kid)
    lock_client(client)
    others = ClientKey.objects.filter(client=client).exclude(kid=kid)
    periods = [Period(since=key.not_before, until=key.not_after) for key in others]
    if is_one_too_many(Period(since=not_before, until=not_after), periods):
        raise TooManyKeysError("Two keys count already at that time. End one of them first.")
    key, _ = ClientKey.objects.update_or_create(
        client=client,
        kid=kid,
        defaults={
            "jwk": public,
            "not_before": not_before,
            "not_after": not_after,
            "reminder_due_at": next_reminder(not_after=not_after, after=not_before),
        },
    )
    return key


@transaction.atomic
def end_client_key(*, key: ClientKey, ends_at: datetime, at: datetime) -> None:
    """Let a key end sooner. Ended now, it takes the tokens along that were given until now.

    One that did not begin yet is removed: nothing was ever signed with it that counted.
    """
    if key.not_before >= ends_at:
        key.delete()
        return
    key.not_after = min(key.not_after, ends_at)
    key.reminder_due_at = None  # whoever ends it knows
    key.save(update_fields=["not_after", "reminder_due_at"])
    if ends_at <= at:
        _change(key.client_id, tokens_count_from=at)


def lock_client(client: ServiceClient) -> ServiceClient:
    """Return the registration as it is now, and keep it so until the transaction ends."""
    return ServiceClient.objects.select_for_update().get(pk=client.pk)


def set_scopes(*, client: ServiceClient, scopes: Sequence[str]) -> None:
    """Let a client have these scopes and no others; tokens that are out lose the rest at once."""
    _change(client.pk, scopes=list(scopes))


def set_purposes(*, client: ServiceClient, purposes: Sequence[str]) -> None:
    """Let a client ask about these purposes and no others, with tokens that are out as well."""
    _change(client.pk, purposes=list(purposes))


def switch_client(*, client: ServiceClient, is_active: bool, at: datetime) -> None:
    """Let a client call, or no longer. What was given before it was switched off does not come back."""
    off = {} if is_active else {"tokens_count_from": at}
    _change(client.pk, is_active=is_active, **off)


@transaction.atomic
def issue_client_key(
    *,
    client: ServiceClient,
    kid: str,
    not_before: datetime,
    not_after: datetime,
    algorithm: str = "ES256",
) -> bytes:
    """Make a key pair for a client (ES256 or EdDSA), register the public half, return the private PEM.

    The private half is kept nowhere here: the caller hands it over.

    Raises:
        JwkError: no pair can be made for this algorithm.
    """
    pair = jwk.make_pair(algorithm)
    put_client_key(
        client=client, kid=kid, jwk=pair.public, not_before=not_before, not_after=not_after
    )
    return pair.private_pem


def _change(client_id: int, **values: Any) -> None:
    """Change a registration. In this process it counts at once, elsewhere within seconds."""
    ServiceClient.objects.filter(pk=client_id).update(**values)
    transaction.on_commit(live_clients.forget_all)


def _check_scopes(scopes: Sequence[str]) -> None:
    if wrong := [scope for scope in scopes if not _SCOPE.fullmatch(scope)]:
        raise ScopeError(f"These are not scopes: {wrong}. A scope has no spaces or quotes.")


def _public(given: Mapping[str, Any], kid: str) -> dict[str, Any]:
    if not assertions.is_kid(kid):
        raise JwkError("The name of a key (kid) has 1 to 64 printable ASCII characters.")
    return {**jwk.checked(given), "kid": kid}
