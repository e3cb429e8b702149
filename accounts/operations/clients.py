"""Making the other side: recipients, their systems, and the keys by which those prove who they are."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import jwk, live_clients
from accounts.errors import JwkError, ScopeError
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
    if wrong := [scope for scope in scopes if not _SCOPE.fullmatch(scope)]:
        raise ScopeError(f"These are not scopes: {wrong}. A scope has no spaces or quotes.")
    rights = {"recipient": recipient, "scopes": list(scopes), "purposes": list(purposes)}
    client, _ = ServiceClient.objects.update_or_create(
        client_id=client_id, defaults=rights, create_defaults={**rights, "created_at": at}
    )
    transaction.on_commit(live_clients.forget_all)
    return client


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
    """
    key, _ = ClientKey.objects.update_or_create(
        client=client,
        kid=kid,
        defaults={
            "jwk": _public(jwk, kid),
            "not_before": not_before,
            "not_after": not_after,
        },
    )
    return key


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


def _public(given: Mapping[str, Any], kid: str) -> dict[str, Any]:
    if not assertions.is_kid(kid):
        raise JwkError("The name of a key (kid) has 1 to 64 printable ASCII characters.")
    return {**jwk.checked(given), "kid": kid}
