from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.decision import (
    Choice,
    RegisteredUse,
    decide,
    standing_of,
    standing_of_purpose,
    standing_within,
    status_of_answer,
)
from consent.vocabulary import ConsentStatus, LegalBasis, Reason, Standing

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BY_CONSENT = RegisteredUse(legal_basis=LegalBasis.CONSENT, notice_number=3)


def choice(
    status: ConsentStatus = ConsentStatus.GIVEN,
    *,
    lasts: timedelta | None = SECOND,
    notice_number: int = 3,
) -> Choice:
    until = NOW + lasts if lasts is not None and status is ConsentStatus.GIVEN else None
    return Choice(status=status, valid_until=until, notice_number=notice_number)


@pytest.mark.parametrize(
    ("use", "is_known", "choice", "reason"),
    [
        (None, True, choice(), Reason.PURPOSE_NOT_REGISTERED),
        (None, False, None, Reason.PURPOSE_NOT_REGISTERED),
        (BY_CONSENT, False, None, Reason.CONSENT_MISSING),
        (BY_CONSENT, True, None, Reason.CONSENT_MISSING),
        (BY_CONSENT, True, choice(ConsentStatus.REFUSED), Reason.CONSENT_REFUSED),
        (BY_CONSENT, True, choice(ConsentStatus.WITHDRAWN), Reason.CONSENT_WITHDRAWN),
        (BY_CONSENT, True, choice(lasts=timedelta()), Reason.CONSENT_EXPIRED),
        (BY_CONSENT, True, choice(lasts=None), Reason.CONSENT_EXPIRED),
        (BY_CONSENT, True, choice(notice_number=2), Reason.NOTICE_CHANGED),
        (BY_CONSENT, True, choice(), Reason.CONSENT_GIVEN),
        (
            RegisteredUse(legal_basis=LegalBasis.CONTRACT, notice_number=1),
            True,
            None,
            Reason.OTHER_LEGAL_BASIS,
        ),
        (
            RegisteredUse(legal_basis=LegalBasis.CONTRACT, notice_number=1),
            False,
            None,
            Reason.CONSENT_MISSING,
        ),
    ],
)
def test_a_decision_follows_from_the_facts(
    use: RegisteredUse | None, *, is_known: bool, choice: Choice | None, reason: Reason
) -> None:
    decision = decide(use=use, is_known=is_known, choice=choice, at=NOW)

    assert decision.reason is reason
    assert decision.permitted == (reason in {Reason.CONSENT_GIVEN, Reason.OTHER_LEGAL_BASIS})


def test_a_yes_says_until_when_it_can_last() -> None:
    assert decide(use=BY_CONSENT, is_known=True, choice=choice(), at=NOW).valid_until == (
        NOW + SECOND
    )


@pytest.mark.parametrize(
    "other",
    [
        None,
        choice(ConsentStatus.REFUSED),
        choice(ConsentStatus.WITHDRAWN),
        choice(lasts=timedelta()),
        choice(notice_number=2),
    ],
)
def test_a_yes_counts_for_nothing_without_the_other_that_is_needed(other: Choice | None) -> None:
    decision = decide(
        use=BY_CONSENT, is_known=True, choice=choice(), required=[choice(), other], at=NOW
    )

    assert (decision.permitted, decision.reason) == (False, Reason.REQUIRED_CONSENT_MISSING)


def test_a_yes_lasts_until_the_first_that_is_needed_ends() -> None:
    later = choice(lasts=9 * SECOND)
    for own, required in ((choice(), [later]), (later, [later, choice()])):
        decision = decide(use=BY_CONSENT, is_known=True, choice=own, required=required, at=NOW)
        assert decision.valid_until == NOW + SECOND


@pytest.mark.parametrize("own", list(Standing))
def test_a_yes_stands_where_its_purpose_stands(own: Standing) -> None:
    for whole in Standing:
        stands = standing_within(own=own, whole=whole)
        assert stands is (whole if own is Standing.GIVEN else own)


@pytest.mark.parametrize(
    ("standing", "after_yes", "after_no"),
    [
        (Standing.NEVER_ASKED, ConsentStatus.GIVEN, ConsentStatus.REFUSED),
        (Standing.GIVEN, None, ConsentStatus.WITHDRAWN),
        (Standing.REFUSED, ConsentStatus.GIVEN, None),
        (Standing.WITHDRAWN, ConsentStatus.GIVEN, None),
        (Standing.EXPIRED, ConsentStatus.GIVEN, ConsentStatus.REFUSED),
        (Standing.LAPSED, ConsentStatus.GIVEN, ConsentStatus.REFUSED),
    ],
)
def test_an_answer_becomes_a_record_when_it_changes_something(
    standing: Standing, after_yes: ConsentStatus | None, after_no: ConsentStatus | None
) -> None:
    assert status_of_answer(is_yes=True, standing=standing) is after_yes
    assert status_of_answer(is_yes=False, standing=standing) is after_no


choices = st.none() | st.builds(
    lambda status, seconds, number: choice(
        status, lasts=timedelta(seconds=seconds), notice_number=number
    ),
    st.sampled_from(ConsentStatus),
    st.integers(-3, 3),
    st.integers(2, 4),
)


@given(choices)
def test_nothing_but_a_given_consent_that_holds_now_is_a_yes(choice: Choice | None) -> None:
    permitted = decide(use=BY_CONSENT, is_known=True, choice=choice, at=NOW).permitted

    assert permitted == (
        choice is not None
        and choice.status is ConsentStatus.GIVEN
        and choice.valid_until is not None
        and choice.valid_until > NOW
        and choice.notice_number == BY_CONSENT.notice_number
    )


@given(choices, st.integers(1, 10**9))
def test_time_alone_never_makes_a_yes(choice: Choice | None, seconds: int) -> None:
    later = NOW + timedelta(seconds=seconds)
    if not decide(use=BY_CONSENT, is_known=True, choice=choice, at=NOW).permitted:
        assert not decide(use=BY_CONSENT, is_known=True, choice=choice, at=later).permitted


@given(st.sampled_from([ConsentStatus.REFUSED, ConsentStatus.WITHDRAWN]), st.integers(-9, 9))
def test_withdrawn_and_refused_stay_so_whatever_time_and_texts_do(
    status: ConsentStatus, number: int
) -> None:
    standing = standing_of(choice=choice(status), notice_number=number, at=NOW + 9999 * SECOND)

    assert standing == status.value


@pytest.mark.parametrize(
    ("required", "optional", "total"),
    [
        ([Standing.GIVEN], [Standing.REFUSED], Standing.GIVEN),
        ([Standing.GIVEN, Standing.REFUSED], [], Standing.REFUSED),
        ([Standing.WITHDRAWN, Standing.NEVER_ASKED], [], Standing.NEVER_ASKED),
        ([], [Standing.REFUSED, Standing.GIVEN], Standing.GIVEN),
        ([], [Standing.REFUSED, Standing.WITHDRAWN], Standing.WITHDRAWN),
        ([Standing.LAPSED], [Standing.GIVEN], Standing.LAPSED),
        ([], [], Standing.NEVER_ASKED),
    ],
)
def test_a_purpose_stands_where_its_required_categories_stand(
    required: list[Standing], optional: list[Standing], total: Standing
) -> None:
    assert standing_of_purpose(required=required, optional=optional) is total
