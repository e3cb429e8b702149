"""The session of a request: who logged in, with what, how fresh that is, and until when it goes on."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import django_otp
from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest
from django_otp.models import Device

from accounts import browsers
from accounts.models import User, UserSession
from accounts.session_rules import Method, Proof
from accounts.session_store import BROWSER, ROLE, SessionStore, end_of_session, limits_of

_BACKEND = "accounts.backends.EmailBackend"
_PROOFS = "proofs"
_PREVIOUS = "previous_log_in"
_STEP = timedelta(seconds=5)  # two pages within it are written down as one


def begin(
    request: HttpRequest, *, user: User, device: Device, method: Method, at: datetime
) -> None:
    """Log in: whoever comes here has passed both factors, in a session that holds nothing else."""
    previous = user.last_login
    auth.login(request, user, backend=_BACKEND)
    django_otp.login(request, device)
    request.session[ROLE] = user.role
    request.session[BROWSER] = browser_of(request)
    request.session[_PREVIOUS] = previous.isoformat() if previous else None
    _keep(request, [Proof(method=method, at=at, device=device.persistent_id)])


def prove_again(request: HttpRequest, *, device: Device, method: Method, at: datetime) -> None:
    """Remember that a second factor was passed again. The session gets another key."""
    _keep(request, [*proofs(request), Proof(method=method, at=at, device=device.persistent_id)])
    request.session.cycle_key()


def proofs(request: HttpRequest) -> list[Proof]:
    """Return the second factors that were passed in this session, oldest first."""
    return [
        Proof(
            method=Method(kept["method"]),
            at=datetime.fromisoformat(kept["at"]),
            device=kept["device"],
        )
        for kept in request.session.get(_PROOFS, ())
    ]


def is_fresh(request: HttpRequest, *, user: User, at: datetime) -> bool:
    """Say whether a second factor was passed just now, with a device that still counts.

    It is worked out each time from what was passed and from the device as it is; no answer is kept.
    """
    fresh = limits_of(user.role).fresh
    recent = [proof for proof in proofs(request) if proof.counts(at=at, fresh=fresh)]
    return any(_still_counts(proof, user=user) for proof in reversed(recent))


def touch(request: HttpRequest, *, at: datetime) -> None:
    """Let the session go on: its user asked for something."""
    row = current(request)
    if row is not None and at >= row.last_seen_at + _STEP:
        row.last_seen_at = at
        row.expires_at = end_of_session(row.role, created_at=row.created_at, last_seen_at=at)
        UserSession.objects.filter(key=row.key).update(
            last_seen_at=row.last_seen_at, expires_at=row.expires_at
        )


def browser_of(request: HttpRequest) -> str:
    """Return what kind of browser this is; nothing else of how it calls itself is kept."""
    return browsers.family(request.headers.get("User-Agent", ""))


def previous_log_in(request: HttpRequest) -> datetime | None:
    """Return when this user logged in the time before this one."""
    kept = request.session.get(_PREVIOUS)
    return datetime.fromisoformat(kept) if kept else None


def is_of(request: HttpRequest, *, user: User) -> bool:
    """Say whether the session was begun in the role that the user has now."""
    return request.session.get(ROLE) == user.role


def is_over(request: HttpRequest) -> bool:
    """Say whether this browser comes with a session that has ended."""
    has_cookie = settings.SESSION_COOKIE_NAME in request.COOKIES
    return has_cookie and request.session.session_key is None


def drop(request: HttpRequest) -> None:
    """End a session whose second factor is gone, or that was begun in another role."""
    if ROLE in request.session:
        request.session.flush()


def public_id(request: HttpRequest) -> UUID | None:
    """Return what pages call this session by; None for who is not logged in."""
    found = current(request)
    return found.public_id if found else None


def current(request: HttpRequest) -> UserSession | None:
    """Return the row of this session; None for who is not logged in."""
    session = request.session
    return session.row if isinstance(session, SessionStore) and ROLE in session else None


def _still_counts(proof: Proof, *, user: User) -> bool:
    device = Device.from_persistent_id(proof.device)
    return device is not None and device.user_id == user.pk and device.confirmed


def _keep(request: HttpRequest, kept: Sequence[Proof]) -> None:
    newest = kept[-8:]  # older ones confirm nothing any more
    request.session[_PROOFS] = [
        {"method": proof.method, "at": proof.at.isoformat(), "device": proof.device}
        for proof in newest
    ]
