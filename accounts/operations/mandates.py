"""Acting for another: a mandate is given, accepted or recorded, used and ended. Both people read each of these."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from accounts import mandate_rules, policy, recovery_codes, throttle
from accounts.errors import (
    MandateCodeError,
    MandateNotEndedError,
    UnknownMandateError,
    UnknownReferenceError,
)
from accounts.identity import name_of, reference_index
from accounts.mandate_rules import Limits
from accounts.models import DataSubject, Mandate, User
from accounts.notice_kinds import OTHER, NoticeKind
from accounts.operations.mandate_events import log_of_both, log_of_represented
from accounts.operations.notices import notify
from accounts.policy import Action, Target
from accounts.vocabulary import Ender, Evidence, MandateKind, MandateSource
from audit import keyring
from audit.events import Actor, EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenMandate:
    """A mandate that waits to be accepted, and the code to pass on. The code is shown once."""

    mandate: Mandate
    code: str


@transaction.atomic
@sensitive_variables("reference")
def give_mandate(
    *, represented: DataSubject, reference: str, limits: Limits, until: datetime, at: datetime
) -> GivenMandate:
    """Let the customer with the number `reference` act for `represented`, once he accepts with the code.

    Nothing tells whether there is such a customer: the code is of use to nobody else.

    Raises:
        MandateRuleError: a mandate cannot be like this.
    """
    mandate_rules.check(kind=MandateKind.VOLUNTARY, limits=limits, since=at, until=until)
    _lock(represented)
    code = recovery_codes.new_codes()[0]
    mandate = Mandate.objects.create(
        represented=represented,
        kind=MandateKind.VOLUNTARY,
        source=MandateSource.PORTAL,
        **_as_rows(limits),
        meant_index=reference_index(reference),
        code_index=_code_index(code),
        code_until=at + mandate_rules.CODE_LASTS,
        created_at=at,
        valid_from=at,
        valid_until=until,
    )
    log_of_represented(EventKind.MANDATE_GIVEN, mandate=mandate, actor=Actor.DATA_SUBJECT, at=at)
    notify(user=represented.user, kind=NoticeKind.MANDATE_GIVEN, at=at)
    return GivenMandate(mandate=mandate, code=recovery_codes.in_groups(code))


@sensitive_variables("code")
def accept_mandate(*, representative: DataSubject, code: str, at: datetime) -> Mandate:
    """Accept the mandate that this code is of, if it was meant for this customer.

    Raises:
        TooManyAttemptsError: wrong codes were tried too often.
        MandateCodeError: there is no such code, it is too old, or it is for somebody else.
    """
    limit, value = throttle.MANDATE_CODES, str(representative.pk)
    throttle.check(limit=limit, value=value, at=at)
    mandate = _accept(representative=representative, code=code, at=at)
    throttle.take_back(limit=limit, value=value, at=at)
    return mandate


@transaction.atomic
def _accept(*, representative: DataSubject, code: str, at: datetime) -> Mandate:
    canonical = recovery_codes.canonical_code(code)
    own = _lock(representative)
    waiting = Mandate.objects.select_for_update(of=("self",)).filter(
        code_index=_code_index(canonical or ""),
        meant_index=own.reference_index,
        represented__erased_at=None,
    )
    mandate = waiting.select_related("represented__key").first()
    if mandate is None or not mandate.waits_at(at) or mandate.represented_id == own.pk:
        raise MandateCodeError
    mandate.representative, mandate.accepted_at = own, at
    mandate.code_index = mandate.meant_index = ""
    mandate.code_until = None
    mandate.save()
    log_of_both(EventKind.MANDATE_ACCEPTED, mandate=mandate, at=at)
    _tell(mandate.represented, NoticeKind.MANDATE_ACCEPTED, other=own, at=at)
    return mandate


@transaction.atomic
def record_legal_mandate(
    *,
    officer: User,
    represented: DataSubject,
    representative: DataSubject,
    kind: MandateKind,
    evidence: Evidence,
    limits: Limits,
    until: datetime | None,
    at: datetime,
) -> Mandate:
    """Record a right to act for another that the law gives; it counts at once, and only an officer ends it.

    Raises:
        NotAllowedError: this is no privacy officer.
        MandateRuleError: a mandate cannot be like this.
        UnknownReferenceError: both are the same person, or one was erased.
    """
    policy.check(policy.of_role(officer.role, user_id=officer.pk), Action.RECORD_MANDATE, Target())
    mandate_rules.check(kind=kind, limits=limits, since=at, until=until)
    if represented.pk == representative.pk:
        raise UnknownReferenceError
    for one in sorted((represented, representative), key=lambda it: it.pk):
        _lock(one)
    mandate = Mandate.objects.create(
        represented=represented,
        representative=representative,
        kind=kind,
        source=MandateSource.OFFICE,
        **_as_rows(limits),
        evidence=evidence,
        recorded_by=officer,
        created_at=at,
        valid_from=at,
        valid_until=until,
        accepted_at=at,
    )
    log_of_both(EventKind.MANDATE_RECORDED, mandate=mandate, officer=officer, at=at)
    _tell(represented, NoticeKind.MANDATE_RECORDED, other=representative, at=at)
    _tell(representative, NoticeKind.MANDATE_RECORDED, other=represented, at=at)
    return mandate


@transaction.atomic
def end_mandate(*, mandate_id: UUID, by: DataSubject, at: datetime) -> Mandate:
    """End a mandate at once, by one of the two people in it. Ending one that ended changes nothing.

    Raises:
        UnknownMandateError: there is none, or it is of others.
        MandateNotEndedError: the law gave it; the represented cannot take it back here.
    """
    mandate = _locked(mandate_id)
    if mandate.represented_id == by.pk:
        if not mandate.is_voluntary:
            raise MandateNotEndedError
        return _end(mandate, by=Ender.REPRESENTED, at=at)
    if mandate.representative_id == by.pk:
        return _end(mandate, by=Ender.REPRESENTATIVE, at=at)
    raise UnknownMandateError


@transaction.atomic
def end_legal_mandate(*, mandate_id: UUID, officer: User, at: datetime) -> Mandate:
    """End a mandate that the law gave.

    Raises:
        NotAllowedError: this is no privacy officer.
        UnknownMandateError: there is none, or customers gave it themselves.
    """
    policy.check(policy.of_role(officer.role, user_id=officer.pk), Action.RECORD_MANDATE, Target())
    mandate = _locked(mandate_id)
    if mandate.is_voluntary:
        raise UnknownMandateError
    return _end(mandate, by=Ender.OFFICER, officer=officer, at=at)


@transaction.atomic
def start_acting(*, mandate_id: UUID, representative: DataSubject, at: datetime) -> Mandate:
    """Log that the representative begins to act under this mandate, and return it.

    Raises:
        UnknownMandateError: there is none of this representative, or it does not count now.
    """
    mandate = _locked(mandate_id)
    if mandate.representative_id != representative.pk or not mandate.counts_at(at):
        raise UnknownMandateError
    log_of_both(EventKind.MANDATE_STARTED, mandate=mandate, at=at)
    _tell(mandate.represented, NoticeKind.MANDATE_STARTED, other=representative, at=at)
    return mandate


def _end(mandate: Mandate, *, by: Ender, at: datetime, officer: User | None = None) -> Mandate:
    if mandate.revoked_at is None:
        mandate.revoked_at, mandate.revoked_by = at, by
        mandate.code_index = mandate.meant_index = ""
        mandate.save()
        log_of_both(EventKind.MANDATE_ENDED, mandate=mandate, officer=officer, by=by, at=at)
        if (other := mandate.representative) is not None:
            _tell(mandate.represented, NoticeKind.MANDATE_ENDED, other=other, at=at)
            _tell(other, NoticeKind.MANDATE_ENDED, other=mandate.represented, at=at)
    return mandate


def _tell(subject: DataSubject, kind: NoticeKind, *, other: DataSubject, at: datetime) -> None:
    """Mail somebody who has a login; who has none has no address, and finds it in the file."""
    if subject.user is not None:
        notify(user=subject.user, kind=kind, at=at, facts={OTHER: name_of(other)})


def _lock(subject: DataSubject) -> DataSubject:
    """Hold a person as an erasure does, so that no mandate of someone who was erased comes to be."""
    return (
        DataSubject.objects.select_for_update(of=("self",))
        .select_related("key")
        .get(pk=subject.pk, erased_at=None)
    )


def _locked(mandate_id: UUID) -> Mandate:
    found = Mandate.objects.select_for_update(of=("self",)).filter(pk=mandate_id)
    people = ("represented__key", "representative__key", "represented__user__key")
    mandate = found.select_related(*people).filter(represented__erased_at=None).first()
    if mandate is None:
        raise UnknownMandateError
    return mandate


def _as_rows(limits: Limits) -> dict[str, list[str]]:
    return {
        "permissions": sorted(limits.permissions),
        "purposes": sorted(limits.purposes),
        "categories": sorted(limits.categories),
    }


def _code_index(code: str) -> str:
    return keyring.blind_index(label="mandate-code", value=code)
