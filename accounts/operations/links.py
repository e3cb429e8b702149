"""Links that are mailed: each counts once, for one purpose, and no longer than what it is bound to stays as it was."""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from django.utils.crypto import constant_time_compare

from accounts.models import DataSubject, LinkPurpose, MailLink, User
from audit import keyring

_SIZE = 32  # bytes


def make_link(
    *,
    purpose: LinkPurpose,
    user: User | None = None,
    subject: DataSubject | None = None,
    facts: Mapping[str, str] | None = None,
    is_bound: bool = False,
    lasts: timedelta,
    at: datetime,
) -> str:
    """Make a link and return its secret, which is kept nowhere. `is_bound`: to password and address of the user."""
    token = secrets.token_urlsafe(_SIZE)
    owner = user or subject
    link = MailLink(
        id=uuid4(),
        purpose=purpose,
        lookup=_lookup(purpose, token),
        user=user,
        subject=subject,
        key=owner.key if owner else keyring.month_key(at=at),
        bound=_bound_to(user) if user and is_bound else "",
        created_at=at,
        expires_at=at + lasts,
    )
    link.facts_sealed = keyring.seal(
        key=link.key, plaintext=json.dumps(facts or {}).encode(), context=_context(link)
    )
    link.save(force_insert=True)
    return token


def link_of(*, purpose: LinkPurpose, token: str, at: datetime) -> MailLink | None:
    """Return the link with this secret if it still counts for this purpose."""
    found = (
        MailLink.objects.select_related("key", "user__key", "subject__key")
        .filter(purpose=purpose, lookup=_lookup(purpose, token), used_at=None, expires_at__gt=at)
        .first()
    )
    if found is None or not found.bound or found.user is None:
        return found
    return found if constant_time_compare(found.bound, _bound_to(found.user)) else None


def use_link(link: MailLink, *, at: datetime) -> bool:
    """Use a link up, in the transaction of what it is for; False when somebody used it meanwhile."""
    unused = MailLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=at)
    return unused.update(used_at=at) == 1


def owner_of(link: MailLink) -> User:
    """Return whose link it is.

    Raises:
        ValueError: it is a link for who has no account yet.
    """
    if link.user is None:
        raise ValueError("This link belongs to nobody who has an account.")
    return link.user


def link_facts(link: MailLink) -> dict[str, str]:
    """Return what was kept with a link.

    Raises:
        KeyDestroyedError: the person was erased.
    """
    opened = keyring.open_sealed(
        key=link.key, sealed=bytes(link.facts_sealed), context=_context(link)
    )
    facts: dict[str, str] = json.loads(opened)
    return facts


def _lookup(purpose: LinkPurpose, token: str) -> str:
    return keyring.blind_index(label=f"link/{purpose}", value=token)


def _bound_to(user: User) -> str:
    return keyring.blind_index(label="link-bound", value=f"{user.password}|{user.login_index}")


def _context(link: MailLink) -> str:
    return f"accounts.maillink|{link.id}|facts"
