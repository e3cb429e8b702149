"""What a page needs to know to offer passkeys: whether they work at this address, and what went wrong."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from accounts import relying_party
from accounts.forms import PasskeyForm
from accounts.models import User
from accounts.queries import has_passkey


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyPart:
    is_owned: bool  # the user has one; True when it is not known who the user is
    is_here: bool  # browsers give passkeys at the address at which this page is read
    elsewhere: str  # the origin at which they do, when it is another one; else ""
    form: PasskeyForm | None  # with what went wrong


def passkey_part(
    request: HttpRequest, user: User | None, *, form: PasskeyForm | None = None
) -> PasskeyPart:
    """Return what to offer on a page: to everyone, or to this user."""
    origin = settings.PASSKEY_ORIGIN
    is_here = bool(origin) and request.get_host() == relying_party.host_of(origin)
    return PasskeyPart(
        is_owned=user is None or has_passkey(user),
        is_here=is_here,
        elsewhere="" if is_here else origin,
        form=form,
    )
