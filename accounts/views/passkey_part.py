"""What a page needs to know to offer passkeys: where they work, and what went wrong."""

from dataclasses import dataclass

from django.conf import settings

from accounts.forms import PasskeyForm
from accounts.models import User
from accounts.queries import has_passkey


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyPart:
    is_owned: bool  # the user has one; True when it is not known who the user is
    origin: str  # where browsers give passkeys for this site; "" when nowhere
    form: PasskeyForm | None  # with what went wrong


def passkey_part(user: User | None, *, form: PasskeyForm | None = None) -> PasskeyPart:
    """Return what to offer on a page: to everyone, or to this user.

    Whether the page is read at that origin, only the browser knows for sure: our script looks.
    """
    return PasskeyPart(
        is_owned=user is None or has_passkey(user), origin=settings.PASSKEY_ORIGIN, form=form
    )
