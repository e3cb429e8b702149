"""The explorer of the log: lines per day, from page to page, and one line with everything around it."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import DataSubject, ServiceClient, User
from audit import operations as log
from audit import tlog_proof
from audit.canonical import Json
from audit.events import Actor, Event, EventKind
from audit.models import Leaf, LogEntry, LogHead, Payload
from audit.proofs import signers
from consent.officer import chart
from consent.officer.entry_words import compartment
from consent.operations import office
from consent.queries import log as log_queries
from consent.queries.log_days import LogDay, LogDays
from consent.templatetags.parts import day
from tests.accounts.steps import user_of
from tests.audit.builders import lifted_triggers
from tests.consent.test_officer import LOG, lines
from tests.consent.test_queries import ask, choose
from tests.factories import NOW
from tests.visitors import client_of, words

TODAY = timezone.localtime(NOW).date()
NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def office_of(carla: User, lekdetectie: ServiceClient) -> Client:
    return client_of(carla)


def event(
    *, kind: EventKind = EventKind.SIGNED_IN, days_ago: int = 0, subject: DataSubject | None = None,
    internal: dict[str, Json] | None = None, outcome: str = "",
) -> LogEntry:  # fmt: skip
    with transaction.atomic():
        return log.append(
            Event(
                kind=kind,
                actor=Actor.SYSTEM,
                at=NOW - timedelta(days=days_ago),
                subject_id=subject.id if subject else None,
                shown={},
                internal=internal or {},
                outcome=outcome,
            )
        )


def days_of(*totals: int, refused: int | None = 0, is_cut: bool = False) -> LogDays:
    return LogDays(
        days=tuple(
            LogDay(day=TODAY + timedelta(days=place), total=total, refused=refused)
            for place, total in enumerate(totals)
        ),
        is_cut=is_cut,
    )


class TestPerDay:
    def test_tells_the_days_of_the_filter_in_words_bars_and_a_table(
        self, office_of: Client, lekdetectie: ServiceClient, anna: DataSubject
    ) -> None:
        choose(anna, usage=False)  # on 29 March 2026
        ask(lekdetectie)
        event(days_ago=1)

        text = office_of.get(f"{LOG}?van=2026-03-27&tot=2026-03-29").text

        said = (
            "Van 27 maart 2026 tot en met 29 maart 2026 waren er 4 regels. Bij 3 daarvan (75%) is het nee."
            " De drukste dag was 29 maart 2026, met 3."
        )
        assert words(text).count(said) == 2, "for eyes, and for who cannot see the bars"
        assert "27 maart 2026 0 0 28 maart 2026 1 0 29 maart 2026 3 3" in words(text)

    def test_is_a_drawing_that_stands_by_itself(self, office_of: Client, anna: DataSubject) -> None:
        choose(anna, usage=True)

        text = office_of.get(f"{LOG}?van=2026-03-20&tot=2026-03-29").text
        drawing = re.search(r'<svg class="chart" viewBox="0 0 660.*?</svg>', text, re.DOTALL)
        assert drawing is not None
        root = ET.fromstring(drawing[0])

        assert [part.tag for part in root][:2] == ["title", "desc"]
        assert [bar.get("class") for bar in root.findall("rect")] == ["s1", "s2"]
        assert not re.search(r"style=|<script|<style", drawing[0])

    def test_is_of_the_last_thirty_days_when_no_days_are_asked_for(self, office_of: Client) -> None:
        text = words(office_of.get(LOG).text)

        first, last = timezone.localdate() - timedelta(days=29), timezone.localdate()
        assert f"{day(first)} tot en met {day(last)} was er 1 regel." in text

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ("van=2026-01-01&tot=2026-06-30", "Van 31 maart 2026 tot en met 30 juni 2026"),
            ("tot=2026-03-29", "Van 28 februari 2026 tot en met 29 maart 2026"),
            ("van=2026-03-29&tot=2026-03-29", "Op 29 maart 2026 waren er 0 regels."),
            ("van=2100-01-01", "Op 1 januari 2100 waren er 0 regels."),
        ],
    )
    def test_is_of_as_many_days_as_fit(self, office_of: Client, query: str, said: str) -> None:
        text = words(office_of.get(f"{LOG}?{query}").text)

        assert said in text
        assert ("Eerdere dagen zijn hier niet geteld." in text) == ("2026-01-01" in query)

    def test_of_too_many_lines_tells_a_no_apart_no_more(
        self, office_of: Client, anna: DataSubject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        choose(anna, usage=False)
        monkeypatch.setattr(log_queries, "_LOOKED_UP", 1)

        text = words(office_of.get(f"{LOG}?van=2026-03-28&tot=2026-03-29").text)
        cut = words(office_of.get(f"{LOG}?van=2026-03-28&tot=2026-03-29&antwoord=refused").text)

        assert "waren er 2 regels. De drukste dag was 29 maart 2026, met 2." in text
        assert "Alle andere regels" not in text
        assert "28 maart 2026 0 29 maart 2026 2" in text
        assert (
            "Op 29 maart 2026 waren er 2 regels. Bij 2 daarvan (100%) is het nee. Eerdere dagen"
            in cut
        )


class TestChart:
    @pytest.mark.parametrize(
        ("most", "step"),
        [(0, 1), (1, 1), (5, 1), (6, 2), (11, 5), (26, 10), (491, 100), (501, 200)],
    )
    def test_has_five_lines_at_most(self, most: int, step: int) -> None:
        assert chart.step_of(most) == step

    def test_without_a_line_has_no_bars(self) -> None:
        drawn = chart.chart_of(days_of(0, 0))

        assert (drawn.bars, drawn.refused, drawn.peak) == ((), (), None)
        assert [label.text for label in drawn.grid] == ["0", "1"]

    def test_puts_a_no_on_top_of_the_rest(self) -> None:
        drawn = chart.chart_of(days_of(10, 2, refused=2))

        (bar,), (first, second) = drawn.bars, drawn.refused
        assert float(first.y) + float(first.height) == pytest.approx(float(bar.y), abs=0.11)
        assert float(second.y) + float(second.height) == pytest.approx(drawn.floor, abs=0.11)
        assert drawn.peak is not None
        assert drawn.peak.text == "10"

    @pytest.mark.parametrize(
        ("count", "labels", "last"),
        [(1, 1, "29"), (16, 16, "13"), (17, 6, "14 apr"), (30, 8, "27 apr"), (92, 8, "28 jun")],
    )
    def test_names_as_many_days_as_can_be_read(self, count: int, labels: int, last: str) -> None:
        drawn = chart.chart_of(days_of(*[1] * count))

        assert len(drawn.days) == labels
        assert drawn.days[-1].text == last


class TestPages:
    @pytest.fixture(autouse=True)
    def _small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(office, "PAGE", 3)

    @pytest.fixture
    def _eight(self, anna: DataSubject) -> None:
        for days_ago in range(8):
            event(subject=anna, days_ago=days_ago)

    @staticmethod
    def linked(text: str, rel: str) -> str:
        found = re.search(rf'rel="{rel}" href="([^"#]+)', text)
        return found[1].replace("&amp;", "&") if found else ""

    @pytest.mark.usefixtures("_eight")
    @pytest.mark.parametrize("days", ["", "&van=2026-01-01"])
    def test_lead_to_the_end_and_back(self, office_of: Client, days: str) -> None:
        here = f"{LOG}?soort={EventKind.SIGNED_IN}{days}"
        texts = []
        while here:
            texts.append(office_of.get(here).text)
            here = self.linked(texts[-1], "next")
        back = office_of.get(self.linked(texts[-1], "prev")).text

        assert [len(lines(text)) for text in texts] == [3, 3, 2]
        assert len({line for text in texts for line in lines(text)}) == 8
        assert lines(back) == lines(texts[1])
        assert not self.linked(texts[0], "prev")
        assert not self.linked(texts[0], "first")

    @pytest.mark.usefixtures("_eight")
    def test_that_would_not_be_full_at_the_top_are_the_newest(self, office_of: Client) -> None:
        only = f"{LOG}?soort={EventKind.SIGNED_IN}"
        first = office_of.get(only).text
        second = office_of.get(self.linked(first, "next")).text

        top = office_of.get(self.linked(second, "prev")).text

        assert lines(top) == lines(first)
        assert not self.linked(top, "prev")

    @pytest.mark.usefixtures("_eight")
    def test_about_one_customer_go_by_post(self, office_of: Client) -> None:
        asked = {"klant": "VW-0000001", "soort": EventKind.SIGNED_IN}

        def posted(text: str, name: str) -> str:
            value = re.search(rf'name="{name}" value="(\d+)"', text)
            assert value is not None
            return str(office_of.post(LOG, {**asked, name: value[1]}).text)

        first = office_of.post(LOG, asked).text
        second = posted(first, "voor")
        third = posted(second, "voor")

        assert lines(posted(third, "na")) == lines(second)
        assert lines(posted(second, "na")) == lines(first)
        assert 'name="na"' not in first

    @pytest.mark.usefixtures("_eight")
    def test_count_no_further_than_is_cheap(
        self, office_of: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        only = f"{LOG}?soort={EventKind.SIGNED_IN}"
        monkeypatch.setattr(log_queries, "COUNTED", 8)
        assert "8 regels gevonden" in words(office_of.get(only).text)
        monkeypatch.setattr(log_queries, "COUNTED", 7)
        assert "Meer dan 7 regels gevonden" in words(office_of.get(only).text)
        assert "10 regels, genummerd vanaf 0" not in words(office_of.get(only).text)
        assert "12 regels, genummerd vanaf 0" in words(office_of.get(LOG).text)

    @pytest.mark.parametrize(
        "query",
        ["", "?van=2026-01-01&tot=2026-03-29", "?antwoord=refused", "?soort=log.entries.read"],
    )
    def test_cost_as_many_queries_however_long_the_log_is(
        self, office_of: Client, anna: DataSubject, query: str
    ) -> None:
        def cost() -> int:
            with CaptureQueriesContext(connection) as captured:
                assert office_of.get(f"{LOG}{query}").status_code == 200
            return len(captured)

        office_of.get(LOG)  # what is remembered is remembered
        before = cost()
        for days_ago in range(20):
            event(subject=anna, days_ago=days_ago, outcome="refused")
        office_of.get(LOG)  # numbers and signs them

        assert cost() == before

    def test_a_page_that_makes_no_sense_is_an_error(self, office_of: Client) -> None:
        assert office_of.get(f"{LOG}?na=0").status_code == 422
        assert office_of.get(f"{LOG}?na=x").status_code == 422


class TestEntry:
    @staticmethod
    def page_of(entry: LogEntry) -> str:
        return f"{LOG}{entry.uid}/"

    @pytest.fixture
    def choice(self, anna: DataSubject, lekdetectie: ServiceClient) -> LogEntry:
        choose(anna, usage=True)
        return LogEntry.objects.get(kind=EventKind.CONSENT_GIVEN)

    def test_is_a_link_in_the_list(self, office_of: Client, choice: LogEntry) -> None:
        assert f'href="{self.page_of(choice)}"' in office_of.get(LOG).text

    def test_says_everything_in_words_with_the_codes_beside_it(
        self, office_of: Client, choice: LogEntry
    ) -> None:
        text = words(office_of.get(self.page_of(choice)).text)

        assert "Plaats in het logboek 0" in text
        assert "Toestemming gegeven consent.record.given" in text
        assert "Gegevens Soort usage usage" in text
        assert "title van lekwaarschuwing 1 lekwaarschuwing" in text
        assert "Antwoord Ja given" in text
        assert "Waar de keuze is gemaakt Op deze website portal" in text
        assert "Taal Nederlands nl" in text
        assert "Er staat niets in." in text
        assert bytes(choice.leaf).decode() in text
        assert "Deze regel staat in het ondertekende logboek en is niet veranderd." in text
        assert "Jansen" not in text
        assert "VW-0000001" not in text

    def test_about_nobody_says_so(self, office_of: Client, choice: LogEntry) -> None:
        office_of.get(f"{LOG}?soort=log.entries.read")
        look = LogEntry.objects.filter(kind=EventKind.LOG_READ).earliest("id")

        text = words(office_of.get(self.page_of(look)).text)

        assert "Deze regel gaat over niemand. Er is dus niets te lezen." in text
        assert 'Waarop is gezocht {"kind": "log.entries.read"}' in text

    def test_is_logged_before_it_is_shown_and_its_customer_sees_that(
        self, office_of: Client, choice: LogEntry, anna: DataSubject, carla: User
    ) -> None:
        office_of.get(self.page_of(choice))

        look = LogEntry.objects.latest("id")
        assert (look.kind, look.actor) == (EventKind.LOG_READ, Actor.OFFICER)
        page = words(office_of.get(self.page_of(look)).text)
        assert f"Regel die is gelezen {choice.uid}" in page
        assert f"Account van de medewerker {carla.id}" in page
        seen = words(client_of(user_of(anna)).get("/wie-keek/").text)
        assert "Ons privacykantoor zocht op wat er met uw gegevens gebeurde." in seen

    def test_of_somebody_who_was_erased_makes_no_new_key(
        self, office_of: Client, choice: LogEntry, anna: DataSubject
    ) -> None:
        log.destroy_key(key=anna.key, at=NOW)

        text = words(office_of.get(self.page_of(choice)).text)

        assert "De sleutel van dit deel is vernietigd." in text
        assert "De klant ziet bij Wie keek er?" not in text
        assert LogEntry.objects.latest("id").payload.subject_key is None

    def test_that_is_not_there_leaves_no_trace(self, office_of: Client) -> None:
        assert office_of.get(f"{LOG}{NOWHERE}/").status_code == 404
        assert office_of.get(f"{LOG}{NOWHERE}/bewijs").status_code == 404
        assert not LogEntry.objects.exists()

    def test_hands_out_a_proof_that_says_nothing_of_it(
        self, office_of: Client, choice: LogEntry
    ) -> None:
        address = f"{self.page_of(choice)}bewijs"
        assert office_of.get(address).status_code == 404, "nothing was signed yet"
        log.settle(at=NOW)

        answer = office_of.get(address)

        found = tlog_proof.parse(answer.content.decode())
        assert found.check(leaf=bytes(choice.leaf), verifier=signers()).size == 2
        assert answer.headers["Content-Disposition"] == (
            f'attachment; filename="{choice.uid}.tlog-proof"'
        )
        assert not LogEntry.objects.filter(kind=EventKind.LOG_READ).exists()

    def test_is_for_officers_only(self, choice: LogEntry, anna: DataSubject) -> None:
        for address in (self.page_of(choice), f"{self.page_of(choice)}bewijs"):
            assert client_of(user_of(anna)).get(address).status_code == 403
            assert Client().get(address)["Location"].startswith("/inloggen/")


def head_with_another_root() -> None:
    LogHead.objects.update(root=bytes(32))


def last_leaf_deleted() -> None:
    Leaf.objects.order_by("-index")[0].delete()


def part_damaged() -> None:
    Payload.objects.update(organisation_part=b"damaged")


class TestEntryOfABrokenLog:
    @pytest.fixture
    def first(self, office_of: Client, anna: DataSubject) -> Iterator[LogEntry]:
        choose(anna, usage=True)
        log.settle(at=NOW)
        with lifted_triggers():
            yield LogEntry.objects.earliest("id")

    @pytest.mark.parametrize(
        ("tamper", "said"),
        [
            (head_with_another_root, "Het logboek klopt niet. Verander niets."),
            (last_leaf_deleted, "Deze regel klopt niet. Verander niets."),
            (part_damaged, "Iemand heeft dit deel veranderd."),
        ],
    )
    def test_shows_the_fault_and_the_rest(
        self, office_of: Client, first: LogEntry, tamper: Callable[[], None], said: str
    ) -> None:
        tamper()

        answer = office_of.get(f"{LOG}{first.uid}/")

        assert answer.status_code == 200
        assert said in words(answer.text)
        assert "Toestemming gegeven consent.record.given" in words(answer.text)

    def test_that_waits_says_so(self, office_of: Client, first: LogEntry) -> None:
        head_with_another_root()
        entry = event()

        text = words(office_of.get(f"{LOG}{entry.uid}/").text)

        assert "Nieuwe regel" in text
        assert "Van deze regel is er nu geen bewijs." in text


class TestCompartment:
    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            (None, None),
            ({"later": "x"}, [("later", "x", "")]),
            ({"language": "fy"}, [("Taal", "fy", "")]),
            ({"channel": "desk"}, [("Waar de keuze is gemaakt", "desk", "")]),
            ({"reason": "wrong-code"}, [("Reden", "Code klopte niet", "wrong-code")]),
            ({"counted": 3}, [("Regels nagerekend", "3", "")]),
        ],
    )
    def test_shows_what_it_does_not_know_as_it_is(
        self, db: None, lekdetectie: ServiceClient, members: Any, expected: Any
    ) -> None:
        page = log_queries.log_entry(uid=UUID(str(event().uid)), language="nl")

        said = compartment(page, members)

        found = None if said is None else [(it.label, it.words, it.code) for it in said]
        assert found == expected
