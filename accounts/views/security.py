"""My security: one page with a section for each part of how an account is protected."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import sessions
from accounts.devices import FEW
from accounts.gates import logged_in_page
from accounts.models import User
from accounts.queries import app_of, passkeys_of, recovery_codes_of, sessions_of, sign_ins_of
from accounts.wording import browser_words, sign_in_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the page: a template below `accounts/security/`, and what that template shows as `section`."""

    template: str
    context: Callable[[HttpRequest, User, datetime], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """A browser in which one is logged in."""

    id: UUID
    browser: str
    began_at: datetime
    seen_at: datetime
    is_this: bool


def _apps(_request: HttpRequest, user: User, _at: datetime) -> dict[str, object]:
    return {"app": app_of(user)}


def _passkeys(_request: HttpRequest, user: User, _at: datetime) -> dict[str, object]:
    return {"count": len(passkeys_of(user))}


def _recovery_codes(_request: HttpRequest, user: User, _at: datetime) -> dict[str, object]:
    codes = recovery_codes_of(user)
    return {"left": codes.codes_left() if codes else 0, "few": FEW}


def _sessions(request: HttpRequest, user: User, at: datetime) -> dict[str, object]:
    this = sessions.public_id(request)
    lines = [
        SessionLine(
            id=row.public_id,
            browser=browser_words(row.browser),
            began_at=row.created_at,
            seen_at=row.last_seen_at,
            is_this=row.public_id == this,
        )
        for row in sessions_of(user, at=at)
    ]
    return {"lines": lines, "others": len(lines) - 1}


def _history(_request: HttpRequest, user: User, _at: datetime) -> dict[str, object]:
    return {"lines": [sign_in_words(event) for event in sign_ins_of(user)]}


# In the order of the page. Whoever adds a part of the account adds a line.
SECTIONS = (
    Section(template="passkeys", context=_passkeys),
    Section(template="apps", context=_apps),
    Section(template="recovery_codes", context=_recovery_codes),
    Section(template="sessions", context=_sessions),
    Section(template="history", context=_history),
)


@require_safe
@logged_in_page
def security(request: HttpRequest, user: User) -> HttpResponse:
    at = timezone.now()
    sections = [
        (f"accounts/security/{section.template}.html", section.context(request, user, at))
        for section in SECTIONS
    ]
    return render(request, "accounts/security.html", {"sections": sections})
