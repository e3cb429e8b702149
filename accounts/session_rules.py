"""How long a session lasts and how fresh a second factor has to be. No clock and no database here."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`idle` counts from the last page that was asked for, `absolute` from the log-in; both end a session.

    `fresh` is for how long a second factor counts as just given (docs/decisions/0022).
    """

    idle: timedelta
    absolute: timedelta
    fresh: timedelta

    def end(self, *, created_at: datetime, last_seen_at: datetime) -> datetime:
        """Return from when on a session no longer counts, if nothing more is asked for."""
        return min(last_seen_at + self.idle, created_at + self.absolute)


class Method(enum.StrEnum):
    """How somebody proved who it is."""

    APP = "app"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery-code"


# A recovery code is for who has nothing else: it opens the door, and confirms nothing behind it.
CONFIRMS = frozenset({Method.APP, Method.PASSKEY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One second factor that was passed in a session. `device` is its persistent id."""

    method: Method
    at: datetime
    device: str

    def counts(self, *, at: datetime, fresh: timedelta) -> bool:
        return self.method in CONFIRMS and self.at <= at < self.at + fresh
