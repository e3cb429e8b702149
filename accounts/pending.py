"""Between the password and the second factor: who it will be, in a session that is still anonymous.

The session holds ids and a time, never a password, a secret or a code.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from accounts.session_store import PENDING, SessionStore

POSTED_CODE = "posted-code"  # in the place of a device: a code by post was passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A log-in that is halfway. `since` counts from the last step that was passed.

    `app` is the device that is being set up in this very log-in; `passed` is the second factor that
    was passed, when something remains to be done before the log-in is complete.
    """

    user_id: UUID
    since: datetime
    next: str = ""
    app: int | None = None
    passed: str = ""

    def is_over(self, *, at: datetime) -> bool:
        return not self.since <= at < self.since + settings.LOGIN_PENDING_LASTS


def begin(request: HttpRequest, *, user_id: UUID, next_page: str, at: datetime) -> Pending:
    """Start a log-in in a session of its own: nothing of an earlier one is left."""
    request.session.flush()
    pending = Pending(user_id=user_id, since=at, next=next_page)
    _keep(request, pending)
    return pending


def stop(request: HttpRequest) -> None:
    """End a log-in that was halfway: whoever asks for the first page begins again."""
    if PENDING in request.session:
        request.session.flush()


def find(request: HttpRequest) -> Pending | None:
    kept = request.session.get(PENDING)
    if kept is None:
        return None
    return Pending(
        user_id=UUID(kept["user_id"]),
        since=datetime.fromisoformat(kept["since"]),
        next=kept["next"],
        app=kept["app"],
        passed=kept["passed"],
    )


def set_up(request: HttpRequest, pending: Pending, *, app: int | None) -> Pending:
    """Remember which app is being set up here."""
    changed = replace(pending, app=app)
    _keep(request, changed)
    return changed


def passed(request: HttpRequest, pending: Pending, *, device: str, at: datetime) -> Pending:
    """Remember that a second factor was passed. The session gets another key, the time starts again."""
    changed = replace(pending, app=None, passed=device, since=at)
    _keep(request, changed)
    request.session.cycle_key()
    return changed


def claim(request: HttpRequest) -> bool:
    """End this session, and say whether it was this request that ended it.

    Requests that came at once have all read the same session. The database lets one of them delete its
    row, so that a factor that was passed once logs in once.
    """
    # Not `flush`: that is content to find nothing.
    return isinstance(request.session, SessionStore) and request.session.take()


def _keep(request: HttpRequest, pending: Pending) -> None:
    request.session[PENDING] = {
        **asdict(pending),
        "user_id": str(pending.user_id),
        "since": pending.since.isoformat(),
    }
