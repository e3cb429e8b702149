"""Make people and systems known: logins, data subjects, recipients, service clients and their keys."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.identity import (
    canonical_email,
    canonical_reference,
    email_context,
    login_index,
    reference_index,
    subject_context,
)
from accounts.models import ClientKey, DataSubject, Recipient, Role, ServiceClient, User
from audit import keyring


@transaction.atomic
def create_user(*, email: str, password: str, role: Role, at: datetime) -> User:
    """Make a login. The address is sealed with a key of its own; the password is hashed as typed."""
    user_id = uuid.uuid4()
    key = keyring.living_key(owner_id=user_id, at=at)
    return User.objects.create(
        id=user_id,
        key=key,
        login_index=login_index(email),
        email_sealed=keyring.seal(
            key=key, plaintext=canonical_email(email).encode(), context=email_context(user_id)
        ),
        password=make_password(password),
        role=role,
        created_at=at,
    )


@transaction.atomic
def register_data_subject(
    *, reference: str, name: str, user: User | None, at: datetime
) -> DataSubject:
    """Make a data subject known by its customer number (reference) and how it is addressed (name)."""
    subject_id = uuid.uuid4()
    key = keyring.living_key(owner_id=subject_id, at=at)

    def sealed(field: str, value: str) -> bytes:
        return keyring.seal(
            key=key, plaintext=value.encode(), context=subject_context(subject_id, field)
        )

    return DataSubject.objects.create(
        id=subject_id,
        user=user,
        key=key,
        reference_index=reference_index(reference),
        reference_sealed=sealed("reference", canonical_reference(reference)),
        name_sealed=sealed("name", name),
    )


def put_recipient(
    *,
    slug: str,
    kind: str,
    texts: Mapping[str, Any],
    contact: str,
    country: str,
    is_automated: bool,
) -> Recipient:
    """Add the recipient, or bring it up to date."""
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
    """Register a system of a recipient, or change what it may ask."""
    client, _ = ServiceClient.objects.update_or_create(
        client_id=client_id,
        defaults={"recipient": recipient, "scopes": list(scopes), "purposes": list(purposes)},
        create_defaults={
            "recipient": recipient,
            "scopes": list(scopes),
            "purposes": list(purposes),
            "created_at": at,
        },
    )
    return client


def put_client_key(
    *,
    client: ServiceClient,
    kid: str,
    jwk: Mapping[str, Any],
    not_before: datetime,
    not_after: datetime,
) -> ClientKey:
    """Register a public key of a client (RFC 7517), or replace what stands under this `kid`."""
    key, _ = ClientKey.objects.update_or_create(
        client=client,
        kid=kid,
        defaults={"jwk": dict(jwk), "not_before": not_before, "not_after": not_after},
    )
    return key
