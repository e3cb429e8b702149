"""Acting for another: which mandate this session uses, and since when a customer is open at the desk.

The session holds ids and nothing else. What a mandate or an opening says is read anew at every
request, so that one that ended stops at the next.
"""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest

from accounts.models import DeskOpening, Mandate
from accounts.queries import mandate_in_use, opening_in_use

_MANDATE = "mandate"
_OPENING = "desk_opening"
_FOUND = "mandate_in_use"


def begin(request: HttpRequest, mandate: Mandate) -> None:
    """Act under this mandate from now on, until it is stopped, ends, or the session does."""
    request.session.cycle_key()
    request.session[_MANDATE] = str(mandate.pk)


def stop(request: HttpRequest) -> None:
    """Be oneself again."""
    request.__dict__.pop(_FOUND, None)
    if request.session.pop(_MANDATE, None) is not None:
        request.session.cycle_key()


def is_asked(request: HttpRequest) -> bool:
    """Return whether this session acts for another, or did until the mandate ended."""
    return _kept(request, _MANDATE) is not None


def mandate_of(request: HttpRequest, *, representative_id: UUID, at: datetime) -> Mandate | None:
    """Return the mandate that is used here, if it counts: one query, once per request."""
    kept = _kept(request, _MANDATE)
    if kept is None:
        return None
    if _FOUND not in request.__dict__:
        request.__dict__[_FOUND] = mandate_in_use(
            mandate_id=UUID(kept), representative_id=representative_id, at=at
        )
    found = request.__dict__[_FOUND]
    return found if isinstance(found, Mandate) else None


def keep_open(request: HttpRequest, opening: DeskOpening) -> None:
    request.session[_OPENING] = str(opening.pk)


def forget_open(request: HttpRequest) -> None:
    request.session.pop(_OPENING, None)


def opening_of(request: HttpRequest, *, employee_id: UUID, at: datetime) -> DeskOpening | None:
    """Return the opening of this employee in this session, as long as it lasts."""
    kept = _kept(request, _OPENING)
    if kept is None:
        return None
    return opening_in_use(opening_id=UUID(kept), employee_id=employee_id, at=at)


def _kept(request: HttpRequest, name: str) -> str | None:
    session = getattr(request, "session", None)
    return session.get(name) if session is not None else None
