"""The session of a request: who logged in, with what, and how fresh that is."""

from collections.abc import Sequence
from datetime import datetime

import django_otp
from django.contrib import auth
from django.http import HttpRequest
from django_otp.models import Device

from accounts.models import User, UserSession
from accounts.session_rules import Method, Proof
from accounts.session_store import ROLE, SessionStore, limits_of

_BACKEND = "accounts.backends.EmailBackend"
_PROOFS = "proofs"


def begin(
    request: HttpRequest, *, user: User, device: Device, method: Method, at: datetime
) -> None:
    """Log in: whoever comes here has passed both factors, in a session that holds nothing else."""
    auth.login(request, user, backend=_BACKEND)
    django_otp.login(request, device)
    request.session[ROLE] = user.role
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
    if isinstance(request.session, SessionStore):
        request.session.touch(at=at)


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
