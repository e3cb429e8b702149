"""Registering the systems that ask: what each may ask for, and the key by which it proves who it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Recipient
from accounts.operations import put_client, put_client_key
from consent.models import Processing


class NotInRegisterError(Exception):
    """The register has no such recipient or purpose; the message names those that it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A public key (RFC 7517) that counts until `not_after` (exclusive)."""

    kid: str
    jwk: Mapping[str, Any]
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

    Raises:
        NotInRegisterError: there is no such recipient, or it uses nothing for one of the purposes.
        JwkError: the key is not a public key of a kind and size that we accept.
        ScopeError: a scope has a character that a scope cannot have.
    """
    found = _recipient(recipient)
    _check_purposes(found, purposes)
    client = put_client(
        client_id=client_id, recipient=found, scopes=scopes, purposes=purposes, at=at
    )
    put_client_key(client=client, kid=key.kid, jwk=key.jwk, not_before=at, not_after=key.not_after)


def _recipient(slug: str) -> Recipient:
    found = Recipient.objects.filter(slug=slug).first()
    if found is None:
        known = list(Recipient.objects.order_by("slug").values_list("slug", flat=True))
        raise NotInRegisterError(f"There is no recipient {slug}. {_choice(known)}")
    return found


def _check_purposes(recipient: Recipient, purposes: Sequence[str]) -> None:
    uses = Processing.objects.filter(recipient=recipient, purpose__is_active=True)
    known = sorted(set(uses.values_list("purpose__slug", flat=True)))
    if unknown := sorted(set(purposes) - set(known)):
        raise NotInRegisterError(
            f"{recipient.slug} uses nothing for the purpose {', '.join(unknown)}. {_choice(known)}"
        )


def _choice(known: Sequence[str]) -> str:
    if not known:
        return "There are none yet: load a catalogue first (load_catalogue)."
    return f"Choose from: {', '.join(known)}."
