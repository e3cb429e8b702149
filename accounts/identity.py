"""Who somebody is: canonical forms to look people up by, and names that are opened only to be shown."""

import unicodedata
from uuid import UUID

from accounts.models import DataSubject, User
from audit import keyring


def canonical_email(email: str) -> str:
    """Return the one form of an address that look-up and throttling share."""
    # Folding can undo normalisation, so normalise on both sides of it.
    folded = unicodedata.normalize("NFKC", email).strip().casefold()
    return unicodedata.normalize("NFKC", folded)


def canonical_reference(reference: str) -> str:
    """Return the one form of a customer number: no spaces, upper case."""
    return "".join(unicodedata.normalize("NFKC", reference).split()).upper()


def login_index(email: str) -> str:
    """Return the keyed hash by which a login is found."""
    return keyring.blind_index(label="email", value=canonical_email(email))


def reference_index(reference: str) -> str:
    """Return the keyed hash by which a data subject is found."""
    return keyring.blind_index(label="reference", value=canonical_reference(reference))


def provider_index(issuer: str, subject: str) -> str:
    """Return the keyed hash by which somebody is found whom a provider knows."""
    # The issuer is an address, and has no space in it: no two pairs become one text.
    return keyring.blind_index(label="oidc", value=f"{issuer} {subject}")


def email_context(user_id: UUID) -> str:
    return f"accounts.user|{user_id}|email"


def subject_context(subject_id: UUID, field: str) -> str:
    return f"accounts.datasubject|{subject_id}|{field}"


def email_of(user: User) -> str:
    """Return the address of a login, in the clear: to write to, never to log.

    Raises:
        KeyDestroyedError: what we knew of this user was erased.
    """
    return keyring.open_sealed(
        key=user.key, sealed=bytes(user.email_sealed), context=email_context(user.id)
    ).decode()


def name_of(subject: DataSubject) -> str:
    """Return how the data subject is addressed.

    Raises:
        KeyDestroyedError: what we knew of this data subject was erased.
    """
    return _opened(subject, "name", bytes(subject.name_sealed))


def reference_of(subject: DataSubject) -> str:
    """Return the customer number.

    Raises:
        KeyDestroyedError: what we knew of this data subject was erased.
    """
    return _opened(subject, "reference", bytes(subject.reference_sealed))


def _opened(subject: DataSubject, field: str, sealed: bytes) -> str:
    return keyring.open_sealed(
        key=subject.key, sealed=sealed, context=subject_context(subject.id, field)
    ).decode()
