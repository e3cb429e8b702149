"""How an e-mail address and a password name a user."""

from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from accounts.models import User
from accounts.queries import user_by_email


class EmailBackend(BaseBackend):
    """Names who is asking. It logs nobody in: that takes a second factor."""

    def authenticate(  # type: ignore[override]  # Django hands over the credentials it was given
        self, request: HttpRequest | None, email: str = "", password: str = ""
    ) -> User | None:
        """Return the user with this address and password; as slow for an unknown or inactive one."""
        user = user_by_email(email)
        if user is None:
            User().set_password(password)  # the same work, so that time tells nothing
            return None
        is_right = user.check_password(password)
        return user if is_right and user.is_active else None

    def get_user(self, user_id: UUID) -> User | None:
        """Return who the session belongs to; a user who may no longer log in loses the session."""
        return User.objects.filter(pk=user_id, is_active=True).first()
