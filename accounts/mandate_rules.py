"""When a mandate counts, and what one may hold. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.vocabulary import MandateKind, Permission

LONGEST_VOLUNTARY = timedelta(days=365)
CODE_LASTS = timedelta(days=7)
# Looking, and saying no, can always be undone by the other person. A yes is given apart.
DEFAULT = frozenset({Permission.VIEW, Permission.WITHDRAW})


class MandateRuleError(ValueError):
    """A mandate cannot be like this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a mandate lets the representative do. No purposes, or no categories: no limit."""

    permissions: frozenset[Permission] = DEFAULT
    purposes: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()


def check(*, kind: MandateKind, limits: Limits, since: datetime, until: datetime | None) -> None:
    """Check what a new mandate says.

    Raises:
        MandateRuleError: it permits nothing, does not let the representative see what to decide about,
            ends before it begins, or is voluntary and has no end within a year.
    """
    if Permission.VIEW not in limits.permissions:
        raise MandateRuleError("Whoever acts for another has to see what it is about.")
    if until is not None and until <= since:
        raise MandateRuleError("A mandate ends after it begins.")
    is_short = until is not None and until - since <= LONGEST_VOLUNTARY
    if kind is MandateKind.VOLUNTARY and not is_short:
        raise MandateRuleError("A mandate that is given ends within a year.")


def counts(
    *,
    accepted_at: datetime | None,
    revoked_at: datetime | None,
    since: datetime,
    until: datetime | None,
    at: datetime,
) -> bool:
    """Return whether a mandate counts at the moment `at`; its end is exclusive."""
    is_accepted = accepted_at is not None and accepted_at <= at
    return is_accepted and revoked_at is None and since <= at and (until is None or at < until)


def permissions_of(codes: Collection[str]) -> frozenset[Permission]:
    return frozenset(Permission(code) for code in codes)
