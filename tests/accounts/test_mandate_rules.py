from datetime import timedelta

import pytest

from accounts import mandate_rules
from accounts.mandate_rules import Limits, MandateRuleError
from accounts.vocabulary import MandateKind, Permission
from tests.factories import NOW

YEAR = timedelta(days=365)


def check(
    kind: MandateKind = MandateKind.VOLUNTARY,
    *,
    lasts: timedelta | None = YEAR,
    limits: Limits | None = None,
) -> None:
    until = NOW + lasts if lasts is not None else None
    mandate_rules.check(kind=kind, limits=limits or Limits(), since=NOW, until=until)


class TestCheck:
    def test_lets_looking_and_saying_no_be_given_for_a_year(self) -> None:
        assert Limits().permissions == {Permission.VIEW, Permission.WITHDRAW}
        check()

    @pytest.mark.parametrize("lasts", [None, timedelta(0), -YEAR, YEAR + timedelta(seconds=1)])
    def test_refuses_a_voluntary_one_without_an_end_within_a_year(
        self, lasts: timedelta | None
    ) -> None:
        with pytest.raises(MandateRuleError):
            check(lasts=lasts)

    def test_refuses_to_decide_without_looking(self) -> None:
        with pytest.raises(MandateRuleError):
            check(limits=Limits(permissions=frozenset({Permission.GIVE})))

    def test_lets_the_law_give_one_without_an_end(self) -> None:
        check(MandateKind.CURATOR, lasts=None)
        check(MandateKind.CURATOR, lasts=5 * YEAR)


class TestCounts:
    @pytest.mark.parametrize(
        ("accepted", "revoked", "until", "counts"),
        [
            (0, None, 10, True),
            (0, None, None, True),
            (None, None, 10, False),
            (6, None, 10, False),
            (0, 1, 10, False),
            (0, None, 5, False),  # the end is exclusive
        ],
    )
    def test_from_when_it_is_accepted_until_it_ends(
        self, accepted: int | None, revoked: int | None, until: int | None, *, counts: bool
    ) -> None:
        def moment(days: int | None) -> object:
            return None if days is None else NOW + timedelta(days=days)

        found = mandate_rules.counts(
            accepted_at=moment(accepted),  # type: ignore[arg-type]
            revoked_at=moment(revoked),  # type: ignore[arg-type]
            since=NOW,
            until=moment(until),  # type: ignore[arg-type]
            at=NOW + timedelta(days=5),
        )

        assert found is counts

    def test_not_before_it_begins(self) -> None:
        assert not mandate_rules.counts(
            accepted_at=NOW - YEAR, revoked_at=None, since=NOW, until=None, at=NOW - YEAR
        )
