"""Django's sessions, kept so that the database cannot open one: it holds the hash of the cookie.

Django loads this module by its name, `SESSION_ENGINE`.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.utils import timezone

from accounts.models import Role, UserSession
from accounts.session_rules import Limits

PENDING = "pending_log_in"
ROLE = "role"
BROWSER = "browser"
_KEY_BYTES = 32  # 256 bits of chance: no look-up whether it is taken


def digest(key: str) -> str:
    """Return what the database knows a cookie by."""
    return hashlib.sha256(key.encode()).hexdigest()


def limits_of(role: str) -> Limits:
    return settings.SESSION_LIMITS["customer" if role == Role.CUSTOMER else "staff"]


class SessionStore(SessionBase):
    """One session: its data as Django knows it, and its row.

    A session that another request ended stays ended: nothing here brings a row back.
    """

    row: UserSession | None = None

    def load(self) -> dict[str, Any]:
        key = digest(str(self.session_key))
        self.row = UserSession.objects.filter(key=key, expires_at__gt=_now()).first()
        if self.row is None:
            self._session_key = None
            return {}
        return self.decode(self.row.data)

    def load_once(self) -> None:
        """Read the session, unless it was read already."""
        self.keys()

    def exists(self, session_key: str) -> bool:
        return UserSession.objects.filter(key=digest(session_key)).exists()

    def create(self) -> None:
        self.load_once()
        self._session_key = secrets.token_urlsafe(_KEY_BYTES)
        self.save(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        """Write the data down.

        Raises:
            UpdateError: another request ended this session.
        """
        self.load_once()
        if self.session_key is None:
            self.create()
            return
        key, values = digest(self.session_key), self._columns(dict(self.items()))
        if must_create:
            at = _now()
            ends_at = end_of_session(values["role"], created_at=at, last_seen_at=at)
            self.row = UserSession.objects.create(
                key=key, created_at=at, last_seen_at=at, expires_at=ends_at, **values
            )
        elif not UserSession.objects.filter(key=key).update(**values):
            raise UpdateError

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            UserSession.objects.filter(key=digest(key)).delete()

    def take(self) -> bool:
        """End this session, and say whether it was this request that ended it."""
        key, self._session_key, self.row = self.session_key, None, None
        self.clear()
        return bool(UserSession.objects.filter(key=digest(str(key))).delete()[0])

    def cycle_key(self) -> None:
        """Give the session another cookie. It stays the same row, so it lasts no longer by it.

        Raises:
            SessionInterrupted: another request ended this session.
        """
        self.load_once()
        old, row, self.modified = self.session_key, self.row, True
        if old is None or row is None:
            return  # there is none yet; saving makes one
        self._session_key = secrets.token_urlsafe(_KEY_BYTES)
        key = digest(str(self.session_key))
        if not UserSession.objects.filter(key=digest(old)).update(key=key):
            raise SessionInterrupted("The session was ended while another key was made for it.")
        row.key = key

    @classmethod
    def clear_expired(cls) -> None:
        UserSession.objects.filter(expires_at__lte=_now()).delete()

    def _columns(self, data: dict[str, Any]) -> dict[str, Any]:
        user = data.get(SESSION_KEY) or data.get(PENDING, {}).get("user_id")
        return {
            "user_id": UUID(str(user)) if user else None,
            "role": data.get(ROLE, ""),
            "browser": data.get(BROWSER, ""),
            "data": self.encode(data),
        }


def end_of_session(role: str, *, created_at: datetime, last_seen_at: datetime) -> datetime:
    if not role:  # nobody yet: the pages of logging in have a shorter time of their own
        return created_at + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    return limits_of(role).end(created_at=created_at, last_seen_at=last_seen_at)


def _now() -> datetime:
    """Read the clock here, below the edge: Django's interface of sessions passes no time."""
    return timezone.now()  # noqa: TID251
