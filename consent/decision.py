"""May this recipient use this data category of this data subject for this purpose?

The answer follows from the facts alone: no database, no clock, no settings.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from consent.vocabulary import ConsentStatus, LegalBasis, Reason, Standing

_REFUSALS = {
    Standing.NEVER_ASKED: Reason.CONSENT_MISSING,
    Standing.REFUSED: Reason.CONSENT_REFUSED,
    Standing.WITHDRAWN: Reason.CONSENT_WITHDRAWN,
    Standing.EXPIRED: Reason.CONSENT_EXPIRED,
    Standing.LAPSED: Reason.NOTICE_CHANGED,
}
# The order in which unanswered and refused categories decide how a whole purpose stands.
_SUMMED_UP = (
    Standing.NEVER_ASKED,
    Standing.LAPSED,
    Standing.EXPIRED,
    Standing.WITHDRAWN,
    Standing.REFUSED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredUse:
    """A line of the register: the purpose is active and names this recipient and category."""

    legal_basis: LegalBasis
    notice_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the data subject last chose, about which notice version, and until when (exclusive) it counts."""

    status: ConsentStatus
    valid_until: datetime | None
    notice_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    permitted: bool
    reason: Reason
    valid_until: datetime | None = None


def standing_of(*, choice: Choice | None, notice_number: int, at: datetime) -> Standing:
    """Return where a consent stands at the moment `at`, under notice version `notice_number`.

    Withdrawn stays withdrawn and refused stays refused, whatever time or texts do:
    only a consent that was given can expire or lapse.
    """
    if choice is None:
        return Standing.NEVER_ASKED
    if choice.status is not ConsentStatus.GIVEN:
        return Standing(choice.status.value)
    if choice.valid_until is None or choice.valid_until <= at:
        return Standing.EXPIRED
    if choice.notice_number != notice_number:
        return Standing.LAPSED
    return Standing.GIVEN


def status_of_answer(*, is_yes: bool, standing: Standing) -> ConsentStatus | None:
    """Return what an answer is to be recorded as, or None when it is what stands already.

    Only a consent that counts can be withdrawn; a no to what expired or lapsed is a refusal.
    """
    if is_yes:
        return None if standing is Standing.GIVEN else ConsentStatus.GIVEN
    if standing in {Standing.REFUSED, Standing.WITHDRAWN}:
        return None
    return ConsentStatus.WITHDRAWN if standing is Standing.GIVEN else ConsentStatus.REFUSED


def decide(
    *,
    use: RegisteredUse | None,
    is_known: bool,
    choice: Choice | None,
    required: Collection[Choice | None] = (),
    at: datetime,
) -> Decision:
    """Return whether the use is permitted at the moment `at`, and why.

    `required` are the choices about the other categories that the purpose cannot do without: as
    long as one of them is no yes, the purpose does not happen, and nothing is needed for it
    (GDPR art. 5(1)(c)). A yes lasts until the first of them ends.

    Anything unknown is a refusal: silence is never consent (GDPR recital 32). An unknown person
    gets the answer of someone who never chose, so that nobody can find out who is a customer.
    """
    if use is None:
        return Decision(permitted=False, reason=Reason.PURPOSE_NOT_REGISTERED)
    if not is_known:
        return Decision(permitted=False, reason=Reason.CONSENT_MISSING)
    if use.legal_basis is not LegalBasis.CONSENT:
        return Decision(permitted=True, reason=Reason.OTHER_LEGAL_BASIS)
    standing = standing_of(choice=choice, notice_number=use.notice_number, at=at)
    if choice is None or standing is not Standing.GIVEN:
        return Decision(permitted=False, reason=_REFUSALS[standing])
    given = [choice]
    for other in required:
        stands = standing_of(choice=other, notice_number=use.notice_number, at=at)
        if other is None or stands is not Standing.GIVEN:
            return Decision(permitted=False, reason=Reason.REQUIRED_CONSENT_MISSING)
        given.append(other)
    ends = min(one.valid_until for one in given if one.valid_until is not None)
    return Decision(permitted=True, reason=Reason.CONSENT_GIVEN, valid_until=ends)


def standing_within(*, own: Standing, whole: Standing) -> Standing:
    """Return where a category stands for a purpose that stands at `whole`: a yes counts when that is one."""
    return whole if own is Standing.GIVEN else own


def standing_of_purpose(
    *, required: Collection[Standing], optional: Collection[Standing]
) -> Standing:
    """Sum up a purpose: it stands as given when all that it cannot do without is given.

    Otherwise it stands where the first category stands that still keeps it from happening.
    """
    deciding = list(required) or list(optional)
    if not required and Standing.GIVEN in deciding:
        return Standing.GIVEN
    for standing in _SUMMED_UP:
        if standing in deciding:
            return standing
    return Standing.GIVEN if deciding else Standing.NEVER_ASKED
