"""What people do with passkeys: a client that carries questions and answers as our script does."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.test import Client

from accounts import operations
from accounts.models import Passkey, User, UserSession
from accounts.session_store import digest
from tests.accounts.soft_authenticator import SoftAuthenticator
from tests.factories import NOW

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

LOG_IN = "/inloggen/passkey/"
CODE = "/inloggen/code/passkey/"
ENROL = "/inloggen/instellen/passkey/"
MINE = "/beveiliging/passkeys/"
ADD = "/beveiliging/passkeys/nieuw/"
STEP_UP = "/bevestigen/passkey/"


def question(client: Client, page: str) -> dict[str, Any]:
    answer = client.post(f"{page}vraag/")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def prove(
    client: Client, device: SoftAuthenticator, page: str = LOG_IN, *, next_page: str = ""
) -> "Answer":
    """Log in with the device, or pass the second step with it."""
    answer = device.get(question(client, page))
    return client.post(page, {"passkey": answer, "next": next_page})


def make(
    client: Client, device: SoftAuthenticator, page: str = ENROL, *, name: str = ""
) -> "Answer":
    """Let the device make a passkey and keep it."""
    return client.post(page, {"passkey": device.create(question(client, page)), "name": name})


def session_of(client: Client) -> UUID:
    key = digest(str(client.session.session_key))
    return UserSession.objects.values_list("public_id", flat=True).get(key=key)


def give_passkey(
    user: User,
    *,
    name: str = "telefoon",
    device: SoftAuthenticator | None = None,
    keep: Client | None = None,
    at: datetime = NOW,
) -> tuple[SoftAuthenticator, Passkey]:
    """Let a user have a passkey, as if it was made on the page for it in the browser `keep`."""
    device = device or SoftAuthenticator()
    options, asked = operations.ask_for_new_passkey(user=user, address="", at=at)
    passkey = operations.add_passkey(
        user=user,
        answer=device.create(options),
        question=asked,
        name=name,
        is_proven=True,
        keep=session_of(keep) if keep else None,
        at=at,
    )
    return device, passkey
