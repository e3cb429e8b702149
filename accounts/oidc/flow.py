"""From our page to the provider and back: what the session remembers meanwhile, for one log-in and once."""

import enum
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest

from accounts.identity import provider_index
from accounts.oidc.errors import NotStartedError, ProviderError
from accounts.oidc.id_tokens import Person

_NAME = "provider_log_in"
_PROVEN = "provider"


class Why(enum.StrEnum):
    """What somebody went to the provider for."""

    LOG_IN = "log-in"
    LINK = "link"  # to link an identity to the account that is logged in
    CONFIRM = "confirm"  # to show once more that it is them


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A log-in that is at the provider. `user_id` is who was logged in when it began, if anyone was."""

    why: Why
    state: str
    nonce: str
    verifier: str
    since: datetime
    next: str = ""
    user_id: str = ""

    @property
    def challenge(self) -> str:
        """What the provider compares the verifier with later (RFC 7636 section 4.2)."""
        digest = sha256(self.verifier.encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

    def is_over(self, *, at: datetime) -> bool:
        return not self.since <= at < self.since + settings.LOGIN_PENDING_LASTS


def start(
    request: HttpRequest, *, why: Why, at: datetime, next_page: str = "", user_id: str = ""
) -> Started:
    """Remember that this browser goes to the provider; an earlier time that it did is forgotten."""
    started = Started(
        why=why,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        since=at,
        next=next_page,
        user_id=user_id,
    )
    request.session[_NAME] = {**asdict(started), "since": at.isoformat()}
    return started


def take(request: HttpRequest, *, state: str, at: datetime) -> Started:
    """Return what was started here, once: whatever comes of it, it is not to be had again.

    Raises:
        NotStartedError: nothing was.
        ProviderError: this answers something else, or it took too long.
    """
    kept = request.session.pop(_NAME, None)
    if kept is None:
        raise NotStartedError
    request.session.save()  # before anything else happens, so that no second request finds it
    facts = {"why": Why(kept["why"]), "since": datetime.fromisoformat(kept["since"])}
    started = Started(**{**kept, **facts})
    if not hmac.compare_digest(state.encode("utf-8", "replace"), started.state.encode()):
        raise ProviderError("another state")
    if started.is_over(at=at):
        raise ProviderError("too long ago")
    return started


def remember(request: HttpRequest, person: Person) -> None:
    """Keep in the session what the provider said of this log-in.

    For whom the person acts is kept as a keyed hash, and gives no rights by itself: a mandate does.
    """
    request.session[_PROVEN] = {
        "acr": person.acr,
        "authTime": person.auth_time.isoformat(),
        "represents": provider_index(*person.represents) if person.represents else None,
    }


def represented(request: HttpRequest) -> str | None:
    """Return the keyed hash of the party for whom the provider says that this person acts, if it says so."""
    found = request.session.get(_PROVEN, {}).get("represents")
    return found if isinstance(found, str) else None
