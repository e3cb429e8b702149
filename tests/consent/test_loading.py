import re
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import DataSubject, Recipient
from audit import queries as log
from audit.events import EventKind
from audit.models import LogEntry
from consent import operations
from consent.catalogue import Catalogue, CatalogueError, parse_catalogue
from consent.models import (
    ConsentRecord,
    DataCategory,
    DataItem,
    HeldItem,
    NoticeVersion,
    Organisation,
    Processing,
    Purpose,
    PurposeCategory,
    Source,
)
from consent.operations.catalogue import Change, LoadReport, load_catalogue
from consent.queries.choices import purpose_page, purposes_of
from consent.queries.register import current_register, organisation
from consent.vocabulary import Standing
from tests import factories
from tests.consent.catalogues import VECHTWATER, VECHTWATER_PATH, text_with, with_change
from tests.factories import NOW

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=1)
EVERYTHING = (
    Organisation, Source, Recipient, DataCategory, DataItem, Purpose, PurposeCategory, Processing, NoticeVersion,
)  # fmt: skip


def load(catalogue: Catalogue = VECHTWATER, *, days: int = 0) -> LoadReport:
    return load_catalogue(catalogue=catalogue, at=NOW + timedelta(days=days))


def without(purpose: str, after: str) -> Catalogue:
    """Return the shipped catalogue without one purpose; `after` is the slug that follows it."""
    text = VECHTWATER_PATH.read_text(encoding="utf-8")
    start, end = text.index(f"  - slug: {purpose}\n"), text.index(f"  - slug: {after}\n")
    return parse_catalogue(text[:start] + text[end:], file="vechtwater.yaml")


def changes(report: LoadReport) -> dict[str, Change]:
    """Return what changed, by purpose."""
    return {
        line.slug: line.change for line in report.purposes if line.change is not Change.UNCHANGED
    }


def rows() -> dict[str, list[Any]]:
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in EVERYTHING}


class TestTheFirstTime:
    def test_fills_the_register(self) -> None:
        report = load()

        assert set(changes(report).values()) == {Change.ADDED}
        assert {line.notice_number for line in report.purposes} == {1}
        assert report.is_changed
        assert "organisation vechtwater" in report.register
        register = current_register()
        assert list(register.categories) == [category.slug for category in VECHTWATER.categories]
        assert list(register.purposes) == [purpose.slug for purpose in VECHTWATER.purposes]
        assert set(register.recipients) == {entry.slug for entry in VECHTWATER.recipients}

    def test_registers_exactly_who_may_use_what(self) -> None:
        load()

        assert current_register().purposes["lekwaarschuwing"].uses == {
            ("lekdetectie", "usage"),
            ("lekdetectie", "household"),
            ("storingsdienst", "usage"),
            ("meetnet", "usage"),
        }

    def test_keeps_the_words_that_people_read(self) -> None:
        load()

        notice = NoticeVersion.objects.get(purpose__slug="lekwaarschuwing")

        assert notice.texts == VECHTWATER.purposes[0].texts
        assert notice.digest == VECHTWATER.purposes[0].digest
        assert notice.published_at == NOW

    def test_tells_who_the_organisation_is_in_both_languages(self) -> None:
        load()

        nl, en = organisation(language="nl"), organisation(language="en")

        assert nl
        assert en
        assert (nl.name, nl.phone, nl.address) == (
            "Vechtwater",
            "0800 1234",
            "Waterkade 1, Utrecht",
        )
        assert nl.hours == "maandag tot en met vrijdag van 8.00 tot 18.00 uur"
        assert en.hours == "Monday to Friday from 8:00 to 18:00"

    def test_is_one_line_in_the_log(self) -> None:
        load()

        (entry,) = log.entries(filter=log.EntryFilter(), before=None, limit=10)

        assert entry.kind is EventKind.CATALOGUE_LOADED
        assert entry.at == NOW
        assert entry.internal is not None
        assert entry.internal["catalogue"] == VECHTWATER.digest
        assert entry.internal["purposes"]["lekwaarschuwing"] == {  # type: ignore[index,call-overload]
            "change": "added",
            "noticeVersion": 1,
        }

    @pytest.mark.parametrize("language", ["nl", "en"])
    def test_gives_every_purpose_a_complete_page(self, language: str) -> None:
        load()
        subject = factories.make_subject()

        for purpose in VECHTWATER.purposes:
            page = purpose_page(subject=subject, purpose=purpose.slug, language=language, at=NOW)
            assert page
            assert page.title == purpose.texts[language]["title"]
            assert page.benefit
            assert page.recipients
            assert bool(page.choices) == page.needs_consent == bool(page.question)
            assert bool(page.reason and page.right) != page.needs_consent


class TestAgain:
    def test_changes_nothing(self) -> None:
        load()
        before = rows()

        report = load(days=1)

        assert not report.is_changed
        assert changes(report) == {}
        assert report.register == ()
        assert rows() == before
        assert LogEntry.objects.count() == 1

    def test_makes_a_new_version_of_the_one_notice_that_changed(self) -> None:
        load()

        report = load(
            with_change("benefit: U hoort het snel", "benefit: U hoort het meteen"), days=1
        )

        assert changes(report) == {"lekwaarschuwing": Change.NEW_NOTICE}
        (line,) = [line for line in report.purposes if line.slug == "lekwaarschuwing"]
        assert (line.notice_number, line.asks_again) == (2, True)
        assert NoticeVersion.objects.count() == len(VECHTWATER.purposes) + 1
        old, new = NoticeVersion.objects.filter(purpose__slug="lekwaarschuwing").order_by("number")
        assert old.texts == VECHTWATER.purposes[0].texts
        assert new.published_at == LATER
        assert new.digest != old.digest

    def test_asks_nobody_again_about_what_was_never_a_question(self) -> None:
        load()

        report = load(
            with_change("drinkwater en een rekening die klopt", "water en een rekening die klopt"),
            days=1,
        )

        (line,) = [line for line in report.purposes if line.change is not Change.UNCHANGED]
        assert (line.slug, line.change, line.asks_again) == (
            "levering-en-rekening",
            Change.NEW_NOTICE,
            False,
        )

    def test_keeps_the_notice_when_only_the_icon_changed(self) -> None:
        load()

        report = load(with_change("icon: alert", "icon: drop"), days=1)

        assert changes(report) == {"lekwaarschuwing": Change.UPDATED}
        assert current_register().purposes["lekwaarschuwing"].icon == "drop"
        assert current_register().purposes["lekwaarschuwing"].notice.number == 1

    def test_brings_the_organisation_up_to_date(self) -> None:
        load()

        report = load(with_change('phone: "0800 1234"', 'phone: "0800 5678"'), days=1)

        assert report.register == ("organisation vechtwater",)
        assert changes(report) == {}
        assert current_register().contact["phone"] == "0800 5678"
        assert LogEntry.objects.count() == 2

    def test_takes_from_a_recipient_what_it_may_no_longer_use(self) -> None:
        load()

        report = load(
            with_change(
                "      - { recipient: meetnet, categories: [usage] }\n    texts", "    texts"
            ),
            days=1,
        )

        assert changes(report) == {"lekwaarschuwing": Change.NEW_NOTICE}
        assert "meetnet" not in {
            recipient for recipient, _ in current_register().purposes["lekwaarschuwing"].uses
        }
        assert Recipient.objects.filter(slug="meetnet").exists()

    def test_makes_a_new_notice_when_a_recipient_moves_abroad(self) -> None:
        load()

        report = load(
            with_change(
                "privacy@meetnet.example\n    country: NL",
                "privacy@meetnet.example\n    country: US",
            ),
            days=1,
        )

        assert report.register == ("recipient meetnet",)
        assert changes(report) == {
            "lekwaarschuwing": Change.NEW_NOTICE,
            "levering-en-rekening": Change.NEW_NOTICE,
        }

    def test_no_longer_asks_for_a_kind_of_data_that_was_taken_out(self) -> None:
        load()
        text = VECHTWATER_PATH.read_text(encoding="utf-8")
        start = text.index("  - slug: lekwaarschuwing\n")
        end = text.index("  - slug: ", start + 1)
        purpose = text[start:end]
        for gone in (
            r"      - \{ category: household, .*\n",
            r"          household:\n            question: .*\n            hint: .*\n",
        ):
            purpose = re.sub(gone, "", purpose)

        report = load(parse_catalogue(text[:start] + purpose + text[end:], file="x.yaml"), days=1)

        assert changes(report) == {"lekwaarschuwing": Change.NEW_NOTICE}
        asked = current_register().purposes["lekwaarschuwing"]
        assert [line.slug for line in asked.categories] == ["usage"]
        assert ("lekdetectie", "household") not in asked.uses

    def test_makes_a_question_required_that_was_not(self) -> None:
        load()

        report = load(
            with_change(
                "{ category: household, is_required: false }",
                "{ category: household, is_required: true }",
            ),
            days=1,
        )

        assert changes(report) == {"lekwaarschuwing": Change.NEW_NOTICE}
        asked = current_register().purposes["lekwaarschuwing"].categories
        assert [line.is_required for line in asked] == [True, True]


class TestChoices:
    def choose(self) -> DataSubject:
        subject = factories.make_subject()
        operations.record_choices(
            subject=subject,
            purpose="lekwaarschuwing",
            choices={"usage": True, "household": False},
            notice_number=1,
            language="nl",
            at=NOW,
        )
        return subject

    def test_lapse_when_the_notice_changed(self) -> None:
        load()
        subject = self.choose()
        load(with_change("benefit: U hoort het snel", "benefit: U hoort het meteen"), days=1)

        groups = purposes_of(subject=subject, language="nl", at=LATER)

        (line,) = [line for line in groups.open if line.slug == "lekwaarschuwing"]
        assert line.standing is Standing.LAPSED

    def test_stay_when_the_purpose_stops_and_count_again_when_it_is_back(self) -> None:
        load()
        subject = self.choose()
        held = HeldItem.objects.count()

        stopped = load(without("lekwaarschuwing", "bespaartips"), days=1)

        assert changes(stopped)["lekwaarschuwing"] is Change.STOPPED
        assert not Purpose.objects.get(slug="lekwaarschuwing").is_active
        assert ConsentRecord.objects.count() == 2
        assert HeldItem.objects.count() == held
        groups = purposes_of(subject=subject, language="nl", at=LATER)
        assert "lekwaarschuwing" not in {line.slug for line in groups.yes}

        back = load(days=2)

        assert changes(back)["lekwaarschuwing"] is Change.RESUMED
        groups = purposes_of(subject=subject, language="nl", at=LATER)
        assert "lekwaarschuwing" in {line.slug for line in groups.yes}

    def test_stopped_stays_stopped_without_being_told_twice(self) -> None:
        load()
        smaller = without("lekwaarschuwing", "bespaartips")
        load(smaller, days=1)

        report = load(smaller, days=2)

        assert not report.is_changed
        assert "lekwaarschuwing" not in {line.slug for line in report.purposes}


class TestRefusals:
    def test_another_organisation_is_not_loaded_over_this_one(self) -> None:
        load()

        with pytest.raises(CatalogueError, match="This installation serves `vechtwater`"):
            load(with_change("slug: vechtwater", "slug: waterland"))

        assert Organisation.objects.get().slug == "vechtwater"

    def test_a_question_is_not_taken_away_from_who_said_no(self) -> None:
        load()
        before = rows()
        original = VECHTWATER_PATH.read_text(encoding="utf-8")
        start, end = (
            original.index("  - slug: lekwaarschuwing"),
            original.index("  - slug: bespaartips"),
        )
        contract = original[original.index("  - slug: levering-en-rekening") :]
        contract = contract[: contract.index("  - slug: storingsbericht")]
        swapped = contract.replace("slug: levering-en-rekening", "slug: lekwaarschuwing")
        catalogue = parse_catalogue(
            original[:start] + swapped + original[end:], file="vechtwater.yaml"
        )

        with pytest.raises(CatalogueError) as refusal:
            load(catalogue, days=1)

        (fault,) = refusal.value.faults
        assert fault.path == "purposes[0].legal_basis"
        assert "cannot move to another legal basis" in fault.reason
        assert rows() == before
        assert LogEntry.objects.count() == 1


class TestTheCommand:
    def run(self, file: Path, *options: str) -> str:
        out = StringIO()
        call_command("load_catalogue", str(file), *options, stdout=out)
        return out.getvalue()

    def test_says_what_changed_per_purpose(self, tmp_path: Path) -> None:
        first = self.run(VECHTWATER_PATH)
        again = self.run(VECHTWATER_PATH)
        changed = tmp_path / "changed.yaml"
        changed.write_text(text_with("U hoort het snel", "U hoort het meteen"), encoding="utf-8")
        after = self.run(changed)

        assert "lekwaarschuwing: new, with notice version 1" in first.splitlines()
        assert again.splitlines()[-1] == "Nothing changed: this catalogue was loaded before."
        assert (
            "lekwaarschuwing: new notice version 2; everyone who said yes is asked again"
            in after.splitlines()
        )
        assert "bespaartips: unchanged (notice version 1)" in after.splitlines()

    def test_names_every_fault_on_a_line_and_changes_nothing(self, tmp_path: Path) -> None:
        wrong = tmp_path / "wrong.yaml"
        text = text_with("country: NL", "country: nl").replace("bij een lek?", "bij een lek", 1)
        wrong.write_text(text, encoding="utf-8")

        with pytest.raises(CommandError) as refusal:
            self.run(wrong)

        title, *faults = str(refusal.value).splitlines()
        assert title == "2 faults in the catalogue; nothing changed."
        assert [fault.split(": ")[1] for fault in faults] == [
            "recipients[0].country",
            "purposes[0].texts.nl.question",
        ]
        assert refusal.value.returncode == 1
        assert not Organisation.objects.exists()
        assert not LogEntry.objects.exists()

    def test_only_looks_when_asked_to_check(self) -> None:
        assert (
            self.run(VECHTWATER_PATH, "--check") == "vechtwater.yaml: no faults in 10 purposes.\n"
        )
        assert not Organisation.objects.exists()
