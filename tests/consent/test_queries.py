from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import DataSubject, ServiceClient
from audit import keyring
from audit.keyring import SealBrokenError
from consent import operations
from consent.models import DataCategory, HeldItem, Purpose
from consent.operations.access import AccessQuestion, decide_access
from consent.queries.choices import confirmation, purpose_page, purposes_of
from consent.queries.events import events_about
from consent.queries.holdings import held_context, masked, my_data
from consent.vocabulary import LegalBasis, Standing
from tests import factories
from tests.factories import NOW


def hold(
    subject: DataSubject, category: DataCategory, slug: str, value: str, **item: bool
) -> HeldItem:
    kept = factories.make_item(category, slug, **item)
    held = HeldItem(
        id=uuid4(), subject=subject, item=kept, source=kept.source, obtained_on=date(2026, 1, 2)
    )
    held.value_sealed = keyring.seal(
        key=subject.key, plaintext=value.encode(), context=held_context(held.id)
    )
    held.save()
    return held


def choose(subject: DataSubject, *, usage: bool, household: bool = False) -> str:
    return operations.record_choices(
        subject=subject,
        purpose="lekwaarschuwing",
        choices={"usage": usage, "household": household},
        notice_number=1,
        language="nl",
        at=NOW,
    ).number


def ask(client: ServiceClient) -> None:
    decide_access(
        question=AccessQuestion(
            subject_type="service",
            subject_id=client.client_id,
            purpose="lekwaarschuwing",
            resource_type="data_subject",
            reference="VW-0000001",
            data_category="usage",
        ),
        asker=factories.asker_of(client),
        at=NOW,
    )


class TestMyData:
    def test_tells_what_is_held_why_and_who_may_and_did_see_it(
        self, anna: DataSubject, usage: DataCategory, lekdetectie: ServiceClient
    ) -> None:
        hold(anna, usage, "meter", "482 m3")
        choose(anna, usage=True)
        ask(lekdetectie)

        page = my_data(subject=anna, language="nl", at=NOW)

        assert page.name == "mevrouw A. Jansen"
        category = next(one for one in page.categories if one.slug == "usage")
        (value,) = category.values
        assert (value.value, value.source, value.retention) == ("482 m3", "van uzelf", "Twee jaar")
        (use,) = category.uses
        assert (use.legal_basis, use.standing) == (LegalBasis.CONSENT, Standing.GIVEN)
        assert [one.name for one in category.recipients] == ["Team storingsdienst"]
        assert category.last_look is not None
        assert category.last_look.recipient == "Team storingsdienst"
        assert (page.yes_count, page.no_count, page.looks_count) == (1, 0, 1)

    def test_tells_per_kind_of_data_what_was_chosen_and_who_may_see_it_now(
        self, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        def about(slug: str) -> tuple[Standing | None, list[str], list[str]]:
            page = my_data(subject=anna, language="nl", at=NOW)
            category = next(one for one in page.categories if one.slug == slug)
            (use,) = category.uses
            may, may_not = category.recipients, category.recipients_without_yes
            return use.standing, [one.name for one in may], [one.name for one in may_not]

        team = ["Team storingsdienst"]
        assert about("usage") == (Standing.NEVER_ASKED, [], team)
        choose(anna, usage=True, household=False)
        assert about("usage") == (Standing.GIVEN, team, [])
        assert about("household") == (Standing.REFUSED, [], team)
        choose(anna, usage=False, household=True)
        assert about("household") == (Standing.WITHDRAWN, [], team)

    def test_shows_nothing_of_somebody_else(
        self, anna: DataSubject, bram: DataSubject, usage: DataCategory, lekdetectie: ServiceClient
    ) -> None:
        hold(anna, usage, "meter", "482 m3")
        choose(anna, usage=True)
        ask(lekdetectie)

        page = my_data(subject=bram, language="nl", at=NOW)

        assert not any(category.values or category.last_look for category in page.categories)
        assert (page.yes_count, page.looks_count, page.recent) == (0, 0, ())

    def test_takes_as_many_queries_for_two_hundred_items_as_for_one(
        self, anna: DataSubject, usage: DataCategory, leak_warning: Purpose
    ) -> None:
        counts = []
        first = hold(anna, usage, "meter", "x")
        for several in (0, 199):
            HeldItem.objects.bulk_create(
                HeldItem(
                    id=uuid4(), subject=anna, item=first.item, source=first.source,
                    obtained_on=first.obtained_on, value_sealed=b"",
                )
                for _ in range(several)
            )  # fmt: skip
            for row in HeldItem.objects.filter(value_sealed=b""):
                row.value_sealed = keyring.seal(
                    key=anna.key, plaintext=b"x", context=held_context(row.id)
                )
                row.save()
            my_data(subject=anna, language="nl", at=NOW)
            with CaptureQueriesContext(connection) as captured:
                my_data(subject=anna, language="nl", at=NOW)
            counts.append(len(captured))

        assert counts[0] == counts[1] <= 10

    def test_a_value_moved_to_another_row_does_not_open(
        self, anna: DataSubject, usage: DataCategory, leak_warning: Purpose
    ) -> None:
        one, other = hold(anna, usage, "meter", "482"), hold(anna, usage, "leak", "yes")
        HeldItem.objects.filter(pk=one.pk).update(value_sealed=other.value_sealed)

        with pytest.raises(SealBrokenError):
            my_data(subject=anna, language="nl", at=NOW)

    def test_a_dismissed_question_is_not_shown_again(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        assert len(my_data(subject=anna, language="nl", at=NOW).questions) == 1

        operations.dismiss_question(subject=anna, purpose="lekwaarschuwing", notice_number=1)

        assert my_data(subject=anna, language="nl", at=NOW).questions == ()

    def test_masks_the_bank_account_before_it_reaches_a_page(
        self, anna: DataSubject, usage: DataCategory, leak_warning: Purpose
    ) -> None:
        hold(anna, usage, "iban", "NL12 BANK 0123 4567 89", is_masked=True)

        page = my_data(subject=anna, language="nl", at=NOW)

        assert "0123" not in repr(page)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("NL12 BANK 0123 4567 89", "NL•• •••• •••• •••• 89"),
        ("12345678", "12••••78"),
        ("12345", "•••••"),
        ("1234", "••••"),
        ("1", "•"),
        ("", ""),
    ],
)
def test_masking_never_shows_more_than_it_hides(value: str, shown: str) -> None:
    assert masked(value) == shown


class TestPurposes:
    def test_stand_in_the_group_of_what_was_chosen(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        groups = purposes_of(subject=anna, language="nl", at=NOW)
        assert [line.slug for line in groups.open] == ["lekwaarschuwing"]

        choose(anna, usage=True)
        groups = purposes_of(subject=anna, language="nl", at=NOW)
        assert [line.slug for line in groups.yes] == ["lekwaarschuwing"]
        assert groups.yes[0].since == NOW

        choose(anna, usage=False)
        groups = purposes_of(subject=anna, language="nl", at=NOW)
        assert [line.slug for line in groups.no] == ["lekwaarschuwing"]

    def test_are_open_again_when_a_yes_has_expired(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        choose(anna, usage=True)

        groups = purposes_of(subject=anna, language="nl", at=NOW + timedelta(days=800))

        assert [line.standing for line in groups.open] == [Standing.EXPIRED]

    def test_page_ticks_nothing_before_the_first_choice_and_the_choice_after_it(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        page = purpose_page(subject=anna, purpose="lekwaarschuwing", language="nl", at=NOW)
        assert page is not None
        assert [choice.current for choice in page.choices] == [None, None]

        choose(anna, usage=True)
        page = purpose_page(subject=anna, purpose="lekwaarschuwing", language="nl", at=NOW)
        assert page is not None
        assert [choice.current for choice in page.choices] == [True, False]

    def test_page_of_an_unknown_or_stopped_purpose_does_not_exist(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        assert purpose_page(subject=anna, purpose="nope", language="nl", at=NOW) is None


class TestConfirmation:
    def test_shows_all_answers_as_they_stood_when_it_was_saved(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        choose(anna, usage=True)
        number = choose(anna, usage=True, household=True)
        choose(anna, usage=False, household=False)

        kept = confirmation(subject=anna, purpose="lekwaarschuwing", number=number, language="nl")

        assert kept is not None
        assert [choice.is_yes for choice in kept.choices] == [True, True]

    def test_exists_for_its_owner_only(
        self, anna: DataSubject, bram: DataSubject, leak_warning: Purpose
    ) -> None:
        number = choose(anna, usage=True)

        for subject, purpose in ((bram, "lekwaarschuwing"), (anna, "bespaartips")):
            assert (
                confirmation(subject=subject, purpose=purpose, number=number, language="nl") is None
            )


class TestEvents:
    def test_are_paged_by_cursor_without_loss_or_repetition(
        self, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        for _ in range(7):
            ask(lekdetectie)

        seen, before = [], None
        while True:
            page = events_about(subject_id=anna.id, language="nl", before=before, limit=3)
            seen += [event.uid for event in page.events]
            before = page.older
            if before is None:
                break

        assert len(seen) == len(set(seen)) == 7

    @pytest.mark.parametrize(
        ("show", "kinds"),
        [
            ("used", {"permitted"}),
            ("stopped", {"refused"}),
            ("mine", {"given", "refused", "withdrawn"}),
        ],
    )
    def test_can_be_narrowed(
        self, anna: DataSubject, lekdetectie: ServiceClient, show: str, kinds: set[str]
    ) -> None:
        ask(lekdetectie)
        choose(anna, usage=True)
        ask(lekdetectie)
        choose(anna, usage=False)

        page = events_about(subject_id=anna.id, language="nl", show=show, limit=50)

        assert {event.outcome for event in page.events} == kinds
