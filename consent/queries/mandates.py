"""Who may act for whom, as both of them and the privacy office see it."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.identity import name_of
from accounts.models import DataSubject, Mandate
from accounts.queries import legal_mandates, mandates_of
from accounts.vocabulary import Permission
from consent.queries.log import pseudonym
from consent.queries.register import Register, current_register


class MandateState(enum.StrEnum):
    WAITING = "waiting"  # to be accepted
    COUNTS = "counts"
    ENDED = "ended"  # by somebody, or it was never accepted
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class MandateLine:
    """One mandate as one of the people in it, or an officer, sees it. `other` is "" when nobody accepted it yet."""

    id: UUID
    kind: str
    other: str
    state: MandateState
    permissions: tuple[Permission, ...]
    purposes: tuple[str, ...]  # titles; none: every purpose
    categories: tuple[str, ...]  # names; none: every category
    since: datetime
    until: datetime | None
    code_until: datetime | None
    evidence: str
    can_be_ended: bool

    @property
    def counts(self) -> bool:
        return self.state is MandateState.COUNTS

    @property
    def is_waiting(self) -> bool:
        return self.state is MandateState.WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandates:
    given: tuple[MandateLine, ...]
    held: tuple[MandateLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitOptions:
    """What a mandate can be limited to, as (slug, title) pairs."""

    purposes: tuple[tuple[str, str], ...]
    categories: tuple[tuple[str, str], ...]


def my_mandates(*, subject: DataSubject, language: str, at: datetime) -> Mandates:
    """Return the mandates that this person gave and holds, newest first: three queries."""
    register = current_register()
    given, held = mandates_of(subject)
    return Mandates(
        given=tuple(
            _line(it, _name(it.representative), register, language, at, ends=it.is_voluntary)
            for it in given
        ),
        held=tuple(
            _line(it, name_of(it.represented), register, language, at, ends=True) for it in held
        ),
    )


def recorded_mandates(*, language: str, at: datetime) -> tuple[MandateLine, ...]:
    """Return the mandates that the law gives, newest first; people by their pseudonyms."""
    register = current_register()
    return tuple(
        _line(it, _pseudonyms(it), register, language, at, ends=True) for it in legal_mandates()
    )


def limit_options(*, language: str) -> LimitOptions:
    """Return every purpose that is in use and every category, by name."""
    register = current_register()
    return LimitOptions(
        purposes=_by_name(
            (slug, register.purpose_title(slug, language))
            for slug, purpose in register.purposes.items()
            if purpose.is_active
        ),
        categories=_by_name(
            (slug, register.category_title(slug, language)) for slug in register.categories
        ),
    )


def _by_name(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(pairs, key=lambda pair: pair[1].casefold()))


def _name(subject: DataSubject | None) -> str:
    return name_of(subject) if subject else ""


def _pseudonyms(mandate: Mandate) -> str:
    people = (mandate.representative_id, mandate.represented_id)
    return " → ".join(pseudonym(it) for it in people if it is not None)


def _line(
    mandate: Mandate, other: str, register: Register, language: str, at: datetime, *, ends: bool
) -> MandateLine:
    state = _state(mandate, at=at)
    limits = mandate.limits
    return MandateLine(
        id=mandate.pk,
        kind=mandate.kind,
        other=other,
        state=state,
        permissions=tuple(it for it in Permission if it in limits.permissions),
        purposes=tuple(register.purpose_title(it, language) for it in sorted(limits.purposes)),
        categories=tuple(register.category_title(it, language) for it in sorted(limits.categories)),
        since=mandate.valid_from,
        until=mandate.valid_until,
        code_until=mandate.code_until,
        evidence=mandate.evidence,
        can_be_ended=ends and state in {MandateState.WAITING, MandateState.COUNTS},
    )


def _state(mandate: Mandate, *, at: datetime) -> MandateState:
    if mandate.counts_at(at):
        return MandateState.COUNTS
    if mandate.waits_at(at):
        return MandateState.WAITING
    is_over = mandate.valid_until is not None and mandate.valid_until <= at
    return MandateState.EXPIRED if is_over and mandate.revoked_at is None else MandateState.ENDED
