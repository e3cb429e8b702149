import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import DataSubject, ServiceClient, User
from audit.events import EventKind
from consent import operations
from consent.models import ConsentRecord, DataCategory, Purpose
from consent.operations.messages import send_messages
from consent.portal import wording
from consent.queries import register
from consent.queries.events import EVERYTHING, MANDATES
from consent.queries.values import CategoryHoldings, RecipientLine, SeenEvent
from consent.vocabulary import LegalBasis, Reason, Standing
from tests import factories
from tests.consent.test_queries import ask, hold
from tests.visitors import client_of, words

# See test_other_words.py.
OF_TWO_PEOPLE = MANDATES | {EventKind.CUSTOMER_OPENED, EventKind.DATA_SEEN}
PURPOSE = "/toestemmingen/lekwaarschuwing/"
YES_TO_ALL = {"notice": "1", "choice-usage": "yes", "choice-household": "yes"}


@pytest.fixture
def page(anna: DataSubject) -> Client:
    """Anna's browser, after both factors."""
    assert anna.user is not None
    return client_of(anna.user)


def choose(subject: DataSubject, *, usage: bool, household: bool = False) -> str:
    return operations.record_choices(
        subject=subject,
        purpose="lekwaarschuwing",
        choices={"usage": usage, "household": household},
        notice_number=1,
        language="nl",
        at=timezone.now(),
    ).number


def ticked(text: str) -> list[str]:
    return re.findall(r'id="(choice-[\w-]+)"[^>]* checked', text)


class TestWhoMayEnter:
    @pytest.mark.parametrize("url", ["/", "/privacy/", "/toegankelijkheid/"])
    def test_everyone_reads_the_public_pages(self, leak_warning: Purpose, url: str) -> None:
        response = Client().get(url)

        assert response.status_code == 200
        assert "0800 1234" in words(response.text)

    def test_the_start_page_works_before_a_catalogue_is_loaded(self, db: None) -> None:
        assert "Inloggen" in words(Client().get("/").text)

    @pytest.mark.parametrize("url", ["/mijn-gegevens/", "/toestemmingen/", PURPOSE, "/wie-keek/"])
    def test_nobody_enters_without_logging_in(self, leak_warning: Purpose, url: str) -> None:
        response = Client().get(url)

        assert response.status_code == 302
        assert response["Location"].startswith("/inloggen/")

    def test_a_password_alone_does_not_open_a_page(
        self, leak_warning: Purpose, anna: DataSubject
    ) -> None:
        assert anna.user is not None
        halfway = Client()
        halfway.force_login(anna.user)

        assert halfway.get("/mijn-gegevens/")["Location"].startswith("/inloggen/")
        assert halfway.post(PURPOSE, YES_TO_ALL).status_code == 302
        assert not ConsentRecord.objects.exists()

    def test_an_officer_has_no_page_of_a_customer(self, leak_warning: Purpose, carla: User) -> None:
        assert client_of(carla).get("/mijn-gegevens/").status_code == 404


class TestFrame:
    def test_the_menu_uses_the_words_of_the_headings(
        self, page: Client, leak_warning: Purpose
    ) -> None:
        menu = re.search(
            r'<nav aria-label="Hoofdmenu">(.*?)</nav>', page.get("/wie-keek/").text, re.DOTALL
        )
        assert menu is not None
        items = re.findall(r'<a href="([^"]+)"[^>]*>(.*?)</a>', menu[1], re.DOTALL)

        assert 0 < len(items) <= 6
        for url, label in items:
            heading = re.search(r"<h1>(.*?)</h1>", page.get(url).text)
            assert heading is not None
            assert words(heading[1]) == words(label)

    def test_the_frame_costs_two_queries_at_most(self, page: Client, leak_warning: Purpose) -> None:
        page.get("/privacy/")
        with CaptureQueriesContext(connection) as around:
            page.get("/privacy/")
        own = [
            query["sql"]
            for query in around
            if "session" not in query["sql"] and "otp" not in query["sql"].lower()
        ]

        about_the_page = [sql for sql in own if "consent_" in sql or "accounts_datasubject" in sql]
        assert len(about_the_page) <= 2

    def test_another_language_is_chosen_by_a_post_and_kept(
        self, page: Client, leak_warning: Purpose
    ) -> None:
        response = page.post("/taal/", {"language": "en", "next": "/wie-keek/"})

        assert response["Location"] == "/wie-keek/"
        assert "<h1>Who looked?</h1>" in page.get("/wie-keek/").text
        assert 'lang="en"' in page.get("/wie-keek/").text

    def test_the_switch_of_language_leaves_the_site_for_nobody(
        self, page: Client, leak_warning: Purpose
    ) -> None:
        response = page.post("/taal/", {"language": "en", "next": "https://elsewhere.example/"})

        assert "elsewhere" not in response["Location"]

    def test_logging_out_is_a_post(self, page: Client, leak_warning: Purpose) -> None:
        assert '<form method="post" action="/uitloggen/">' in page.get("/mijn-gegevens/").text

    def test_a_demonstration_says_so(self, leak_warning: Purpose) -> None:
        assert "demonstratie" not in Client().get("/").text

        with override_settings(DEMO=True):
            assert "demonstratie" in Client().get("/").text


class TestMyData:
    def test_shows_what_is_held_and_hides_a_bank_account(
        self, page: Client, anna: DataSubject, leak_warning: Purpose, usage: DataCategory
    ) -> None:
        hold(anna, usage, "meter", "148 liter")
        hold(anna, usage, "rekening", "NL12BANK0123456789", is_masked=True)

        text = words(page.get("/mijn-gegevens/").text)

        assert "mevrouw A. Jansen" in text
        assert "148 liter" in text
        assert "Dit komt van uzelf. Sinds " in text
        assert "0123456" not in text
        assert "Deels verborgen" in text
        assert "Team storingsdienst Zoekt lekken" in text

    def test_says_that_names_and_values_stay_dutch_in_english(
        self, page: Client, anna: DataSubject, leak_warning: Purpose, usage: DataCategory
    ) -> None:
        hold(anna, usage, "meter", "148 liter")
        assert '<span class="values__value">148 liter' in page.get("/mijn-gegevens/").text

        page.cookies["language"] = "en"
        text = page.get("/mijn-gegevens/").text

        assert '<span class="values__value" lang="nl">148 liter' in text
        assert re.search(r'Good \w+, <span lang="nl">mevrouw A. Jansen', text)
        assert "This comes van uzelf. Since " in words(text)

    def test_tells_what_a_closed_panel_holds(
        self, page: Client, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        assert "Niemand mag dit nu gebruiken" in words(page.get("/mijn-gegevens/").text)
        choose(anna, usage=True)
        ask(lekdetectie)

        text = words(page.get("/mijn-gegevens/").text)

        assert "1 team of bedrijf kan erbij" in text
        assert "Laatst gebruikt: " in text

    def test_asks_as_many_queries_whatever_happened(
        self, page: Client, anna: DataSubject, lekdetectie: ServiceClient, usage: DataCategory
    ) -> None:
        def queries() -> int:
            register.forget()  # the items of this test are not part of a catalogue that was loaded
            page.get("/mijn-gegevens/")
            with CaptureQueriesContext(connection) as asked:
                page.get("/mijn-gegevens/")
            control = ("SAVEPOINT", "RELEASE")  # of the transaction in which this test runs
            return sum(not query["sql"].startswith(control) for query in asked)

        choose(anna, usage=True)
        hold(anna, usage, "eerste", "1")
        ask(lekdetectie)
        few = queries()
        for place in range(5):
            hold(anna, usage, f"meer-{place}", "2")
            ask(lekdetectie)

        assert queries() == few <= 15

    def test_a_question_can_be_put_away_and_stays_away(
        self, page: Client, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        assert "Er staat 1 vraag voor u klaar" in words(page.get("/mijn-gegevens/").text)

        text = words(page.post(f"{PURPOSE}niet-meer-tonen/", {"notice": "1"}, follow=True).text)

        assert "Wij laten deze vraag hier niet meer zien" in text
        assert "vraag voor u klaar" not in words(page.get("/mijn-gegevens/").text)
        assert "Nog niet gekozen" in words(page.get("/toestemmingen/").text)

    def test_several_questions_are_counted_and_stand_on_a_page_of_their_own(
        self, page: Client, leak_warning: Purpose, usage: DataCategory
    ) -> None:
        factories.make_purpose(
            "bespaartips", categories={usage: True}, recipient=factories.make_recipient("coach")
        )

        text = page.get("/mijn-gegevens/").text

        assert "Er staan 2 vragen voor u klaar Zolang u niet kiest, doen wij dit niet." in words(
            text
        )
        assert '<a class="tap" href="/toestemmingen/">Bekijk de vragen</a>' in text
        assert "niet-meer-tonen" not in text
        page.post(f"{PURPOSE}niet-meer-tonen/", {"notice": "1"})
        assert "Er staat 1 vraag voor u klaar" in words(page.get("/mijn-gegevens/").text)

    def test_a_question_that_changed_meanwhile_is_not_put_away(
        self, page: Client, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        factories.make_notice(leak_warning, number=2, categories=["usage", "household"])

        page.post(f"{PURPOSE}niet-meer-tonen/", {"notice": "1"})

        assert "Er staat 1 vraag voor u klaar" in words(page.get("/mijn-gegevens/").text)

    def test_an_unknown_question_cannot_be_put_away(
        self, page: Client, leak_warning: Purpose
    ) -> None:
        assert page.post("/toestemmingen/bestaat-niet/niet-meer-tonen/").status_code == 404


class TestMyChoices:
    def test_groups_by_where_a_choice_stands(
        self, page: Client, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        def headings_before_the_line() -> str:
            text = page.get("/toestemmingen/").text
            headings: list[str] = re.findall(
                r"<h2[^>]*>(.*?)</h2>", text[: text.index("line__title")]
            )
            return headings[-1]

        assert headings_before_the_line() == "Nog niet gekozen"
        choose(anna, usage=True)
        assert headings_before_the_line() == "U zei ja"
        choose(anna, usage=False)
        assert headings_before_the_line() == "U zei nee"

    def test_invites_to_choose_only_what_was_not_chosen_yet(
        self, page: Client, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        assert "Bekijk en kies" in words(page.get("/toestemmingen/").text)

        choose(anna, usage=False)

        text = words(page.get("/toestemmingen/").text)
        assert "Bekijk of verander" in text
        assert "Bekijk en kies" not in text

    def test_says_since_when_and_until_when(
        self, page: Client, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        choose(anna, usage=True)

        assert re.search(
            r"Gekozen op \d+ \w+ \d{4}\. Geldt tot", words(page.get("/toestemmingen/").text)
        )


class TestPurposePage:
    def test_nothing_is_ticked_before_the_first_choice(
        self, page: Client, leak_warning: Purpose
    ) -> None:
        text = page.get(PURPOSE).text

        assert ticked(text) == []
        assert "Nog niet gekozen" in text

    def test_an_open_question_can_be_left_or_put_away(
        self, page: Client, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        text = page.get(PURPOSE).text
        assert "Nu niet kiezen" in text
        assert f'action="{PURPOSE}niet-meer-tonen/"' in text

        choose(anna, usage=True)

        text = page.get(PURPOSE).text
        assert "Niets veranderen" in text
        assert "Nu niet kiezen" not in text
        assert "niet-meer-tonen" not in text

    def test_yes_and_no_are_made_of_the_same_parts(
        self, page: Client, leak_warning: Purpose
    ) -> None:
        cards = re.findall(r'<label class="option">.*?</label>', page.get(PURPOSE).text)
        bare = {
            re.sub(
                r"(yes|no)\b", "", card.replace("Ja, dat mag", "").replace("Nee, dat mag niet", "")
            )
            for card in cards
            if "choice-usage" in card
        }

        assert len(cards) == 4
        assert len(bare) == 1

    def test_a_choice_is_saved_confirmed_and_shown(
        self, page: Client, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        response = page.post(PURPOSE, {**YES_TO_ALL, "choice-household": "no"})

        assert response.status_code == 302
        number = ConsentRecord.objects.latest("id").submission
        assert response["Location"] == f"{PURPOSE}bevestiging/{number}/#inhoud"
        text = words(page.get(response["Location"]).text)
        assert "Uw keuze is opgeslagen" in text
        assert number in text
        assert "Mogen wij usage gebruiken? Ja, dat mag" in text
        assert "Mogen wij household gebruiken? Nee, dat mag niet" in text
        assert ticked(page.get(PURPOSE).text) == ["choice-usage-yes", "choice-household-no"]

    def test_a_yes_is_taken_back_with_the_same_form(
        self, page: Client, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        page.post(PURPOSE, YES_TO_ALL)

        page.post(PURPOSE, {"notice": "1", "choice-usage": "no", "choice-household": "no"})

        assert "Nee, dat mag niet" in words(page.get("/toestemmingen/").text)
        assert ConsentRecord.objects.filter(status="withdrawn").count() == 2

    def test_a_forgotten_answer_is_asked_for_and_the_others_are_kept(
        self, page: Client, leak_warning: Purpose
    ) -> None:
        response = page.post(PURPOSE, {"notice": "1", "choice-household": "no"})

        text = response.text
        assert response.status_code == 422
        assert re.search(r"<title>\s*Fout:", text)
        assert text.index('id="fouten"') < text.index("<h1>")
        assert 'href="#choice-usage-yes"' in text
        assert "Kies ja of nee bij: Mogen wij usage gebruiken?" in words(text)
        assert ticked(text) == ["choice-household-no"]
        assert not ConsentRecord.objects.exists()

    def test_an_answer_that_is_neither_yes_nor_no_is_a_forgotten_one(
        self, page: Client, leak_warning: Purpose
    ) -> None:
        assert page.post(PURPOSE, {**YES_TO_ALL, "choice-usage": "maybe"}).status_code == 422

    @pytest.mark.parametrize("notice", ["1", "", "x", "-1", "99999999999999999999"])
    def test_an_answer_to_another_text_does_not_count(
        self, page: Client, leak_warning: Purpose, notice: str
    ) -> None:
        factories.make_notice(leak_warning, number=2, categories=["usage", "household"])

        response = page.post(PURPOSE, {**YES_TO_ALL, "notice": notice})

        assert response.status_code == 409
        assert "Onze tekst veranderde terwijl u las" in words(response.text)
        assert "question van lekwaarschuwing 2" in words(response.text)
        assert 'name="notice" value="2"' in response.text
        assert ticked(response.text) == []
        assert not ConsentRecord.objects.exists()

    def test_a_purpose_without_consent_says_why_and_has_no_form(
        self, page: Client, leak_warning: Purpose, usage: DataCategory
    ) -> None:
        factories.make_purpose(
            "levering",
            categories={usage: True},
            recipient=factories.make_recipient("rekeningen"),
            legal_basis=LegalBasis.CONTRACT,
        )

        text = page.get("/toestemmingen/levering/").text

        assert 'type="radio"' not in text
        for part in ("reason van levering", "basis van levering", "right van levering"):
            assert part in words(text)
        assert page.post("/toestemmingen/levering/", YES_TO_ALL).status_code == 404

    def test_a_purpose_that_just_stopped_saves_nothing(
        self, page: Client, leak_warning: Purpose
    ) -> None:
        page.get(PURPOSE)  # this process remembers the register from before
        Purpose.objects.update(is_active=False)

        assert page.post(PURPOSE, YES_TO_ALL).status_code == 404
        assert not ConsentRecord.objects.exists()

    def test_an_unknown_purpose_is_not_found(self, page: Client, leak_warning: Purpose) -> None:
        assert page.get("/toestemmingen/bestaat-niet/").status_code == 404
        assert page.post("/toestemmingen/bestaat-niet/", YES_TO_ALL).status_code == 404


class TestConfirmation:
    def shown(self, page: Client, number: str) -> str:
        return words(page.get(f"{PURPOSE}bevestiging/{number}/").text)

    def test_says_that_nothing_changed_when_nothing_did(
        self, page: Client, leak_warning: Purpose
    ) -> None:
        first = page.post(PURPOSE, YES_TO_ALL)
        again = page.post(PURPOSE, YES_TO_ALL)

        assert again["Location"] == first["Location"]
        assert "Uw keuze was al zo. Er is niets veranderd." in words(page.get(PURPOSE).text)

    def test_of_what_was_changed_later_leads_to_the_choice_of_now(
        self, page: Client, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        number = choose(anna, usage=True)
        choose(anna, usage=False)

        text = self.shown(page, number)

        assert "U koos later iets anders Deze keuze geldt niet meer." in text
        assert "Uw keuze geldt meteen" not in text

    def test_of_a_no_to_what_is_needed_says_that_the_rest_does_nothing(
        self, page: Client, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        text = self.shown(page, choose(anna, usage=False, household=True))

        assert "U zei nee tegen iets wat nodig is." in text
        assert "Wij gebruiken alleen waar u ja tegen zei" not in text

    def test_tells_of_the_mail_what_is_true(
        self, page: Client, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        number = choose(anna, usage=True)

        assert "Wij sturen u een bevestiging per e-mail." in self.shown(page, number)
        send_messages(at=timezone.now())
        assert "Wij stuurden u een bevestiging per e-mail." in self.shown(page, number)

    def test_is_found_again_by_its_owner_only(
        self, page: Client, anna: DataSubject, bram: DataSubject, leak_warning: Purpose
    ) -> None:
        address = reverse("confirmation", args=["lekwaarschuwing", choose(anna, usage=True)])
        assert bram.user is not None

        assert page.get(address).status_code == 200
        assert client_of(bram.user).get(address).status_code == 404

    def test_an_unknown_number_is_not_found(self, page: Client, leak_warning: Purpose) -> None:
        assert page.get(f"{PURPOSE}bevestiging/T-0000-0000/").status_code == 404


class TestWhoLooked:
    def test_tells_what_was_used_what_was_stopped_and_what_you_chose(
        self, page: Client, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        ask(lekdetectie)
        choose(anna, usage=True)
        ask(lekdetectie)

        text = words(page.get("/wie-keek/").text)

        assert "Team storingsdienst gebruikte uw gegevens: Soort usage." in text
        assert "Team storingsdienst wilde uw gegevens gebruiken: Soort usage. Tegengehouden" in text
        assert "want u had nog niet gekozen" in text
        assert "U zei ja: Soort usage." in text

    def test_tells_answers_of_one_press_in_one_sentence_each_way(
        self, page: Client, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        choose(anna, usage=True, household=True)
        choose(anna, usage=False, household=True)

        for url in ("/wie-keek/", "/mijn-gegevens/"):
            text = words(page.get(url).text)
            assert re.findall(r"U (zei ja|veranderde uw ja in nee): ([\w ,]+)\.", text) == [
                ("veranderde uw ja in nee", "Soort usage"),
                ("zei ja", "Soort usage, Soort household"),
            ], url

    def test_shows_one_kind_when_asked(
        self, page: Client, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        ask(lekdetectie)
        choose(anna, usage=True)

        text = words(page.get("/wie-keek/?soort=eigen-keuzes").text)

        assert "U zei ja" in text
        assert "wilde uw gegevens" not in text
        assert "Hier is niets gebeurd" in words(page.get("/wie-keek/?soort=gebruikt").text)
        assert "Hier is niets gebeurd" in words(page.get("/wie-keek/?soort=inloggen").text)

    @pytest.mark.parametrize("query", ["?soort=onzin", "?voor=x", "?voor=-1", "?soort=&voor="])
    def test_an_address_without_meaning_shows_everything(
        self, page: Client, anna: DataSubject, lekdetectie: ServiceClient, query: str
    ) -> None:
        choose(anna, usage=True)

        assert "U zei ja" in words(page.get(f"/wie-keek/{query}").text)

    def test_leads_from_page_to_page_without_losing_a_line(
        self, page: Client, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        for _ in range(60):
            ask(lekdetectie)
        url, seen, pages, text = "/wie-keek/?soort=tegengehouden", 0, 0, ""
        while url:
            text = page.get(url).text
            seen += text.count("timeline__dot")
            pages += 1
            older = re.search(r'rel="next" href="([^"#]+)', text)
            url = unescape(older[1]) if older else ""

        assert (seen, pages) == (60, 3)
        assert 'rel="first"' in text


class TestWording:
    @pytest.mark.parametrize("kind", sorted(EVERYTHING - OF_TWO_PEOPLE))
    def test_every_kind_that_people_see_is_a_sentence(self, kind: str) -> None:
        sentence = wording.sentence(event(kind))

        assert sentence.who
        assert sentence.what != "deden iets met uw gegevens."
        assert "%(" not in f"{sentence.what}{sentence.why}"

    def test_a_line_that_is_damaged_says_so_whatever_it_was(self) -> None:
        for kind in (EventKind.ACCESS_DECIDED, EventKind.CONSENT_GIVEN, "some.new.kind"):
            sentence = wording.sentence(event(kind, is_damaged=True))

            assert (sentence.who, sentence.icon) == ("Wij", "alert")
            assert sentence.what == "kunnen deze regel niet meer lezen: hij is beschadigd."

    def test_a_kind_without_words_still_makes_a_sentence(self) -> None:
        assert "Bel ons" in wording.sentence(event("some.new.kind")).why

    @pytest.mark.parametrize("reason", list(Reason))
    def test_every_refusal_says_why(self, reason: Reason) -> None:
        sentence = wording.sentence(
            event(EventKind.ACCESS_DECIDED, outcome="refused", reason=reason)
        )

        assert sentence.tag == "Tegengehouden"
        assert sentence.why.startswith("Voor: Bespaartips. ")

    def test_an_unknown_service_with_an_unknown_wish_makes_a_sentence(self) -> None:
        sentence = wording.sentence(
            event(
                EventKind.ACCESS_DECIDED, outcome="refused", recipient="", category="", purpose=""
            )
        )

        assert sentence.who == "Een onbekende dienst"
        assert sentence.what == "wilde uw gegevens gebruiken: iets wat wij niet hebben."

    @pytest.mark.parametrize("standing", [None, *Standing])
    def test_yes_and_no_look_alike_and_open_is_dashed(self, standing: Standing | None) -> None:
        pill = wording.pill(standing)
        answered = {None, Standing.GIVEN, Standing.REFUSED, Standing.WITHDRAWN}

        assert pill.text
        assert pill.is_open is (standing not in answered)

    @pytest.mark.parametrize(
        ("hours", "said"),
        [(0, "Vandaag"), (24, "Gisteren"), (48, "27 maart 2026")],
    )
    def test_days_are_named_as_people_do(self, hours: int, said: str) -> None:
        today = timezone.localdate(factories.NOW)

        (day,) = wording.days([event("x", hours=hours)], today=today)

        assert day.heading == said

    @pytest.mark.parametrize(
        ("hours", "said"),
        [(4, "Goedemorgen"), (9, "Goedemiddag"), (16, "Goedenavond")],
    )
    def test_the_greeting_knows_the_part_of_the_day(self, hours: int, said: str) -> None:
        assert wording.greeting(at=factories.NOW + timedelta(hours=hours)) == said


class TestClosedPanel:
    @staticmethod
    def panel(**parts: Any) -> CategoryHoldings:
        given = {
            "slug": "usage", "icon": "drop", "title": "Verbruik", "description": "", "values": (),
            "is_choice": True, "is_extra_protected": False, "uses": (), "recipients": (),
            "recipients_without_yes": (), "last_look": None, **parts,
        }  # fmt: skip
        return CategoryHoldings(**given)

    @staticmethod
    def recipients(count: int) -> tuple[RecipientLine, ...]:
        return tuple(
            RecipientLine(name=f"Team {number}", role="", kind="team", country="NL")
            for number in range(count)
        )

    @pytest.mark.parametrize(
        ("may", "may_with_a_yes", "said"),
        [
            (0, 0, "Niemand kan erbij"),
            (0, 2, "Niemand mag dit nu gebruiken"),
            (1, 2, "1 team of bedrijf kan erbij"),
            (2, 0, "2 teams of bedrijven kunnen erbij"),
        ],
    )
    def test_tells_who_can_see_it(self, may: int, may_with_a_yes: int, said: str) -> None:
        panel = self.panel(
            recipients=self.recipients(may),
            recipients_without_yes=self.recipients(may_with_a_yes),
        )

        assert wording.who_can_see(panel) == said

    @pytest.mark.parametrize(
        ("outcome", "hours", "said"),
        [
            ("permitted", 0, "Laatst gebruikt: vandaag"),
            ("permitted", 24, "Laatst gebruikt: gisteren"),
            ("refused", 48, "Tegengehouden: 27 maart 2026"),
        ],
    )
    def test_tells_when_it_was_last_used_or_wanted(
        self, outcome: str, hours: int, said: str
    ) -> None:
        panel = self.panel(last_look=event("x", outcome=outcome, hours=hours))

        assert wording.last_look(panel, today=timezone.localdate(factories.NOW)) == said

    def test_does_not_guess_at_what_a_damaged_line_said(self) -> None:
        panel = self.panel(last_look=event("x", outcome="", is_damaged=True))

        said = wording.last_look(panel, today=factories.NOW.date())

        assert said == "De laatste regel hierover is beschadigd"

    def test_tells_that_nobody_looked(self) -> None:
        assert wording.last_look(self.panel(), today=factories.NOW.date()) == "Nog niet gebruikt"


def event(kind: str, *, hours: int = 0, is_damaged: bool = False, **parts: str) -> SeenEvent:
    given: dict[str, Any] = {
        "recipient": "Bespaartips", "category": "Huishouden", "purpose": "Bespaartips",
        "purpose_slug": "bespaartips", "outcome": "permitted", "reason": "", **parts,
    }  # fmt: skip
    return SeenEvent(
        uid=UUID(int=1),
        kind=kind,
        at=factories.NOW - timedelta(hours=hours),
        is_automated=False,
        is_damaged=is_damaged,
        **given,
    )


class TestErrorPages:
    """They are shown when something is wrong, so they lean on nothing: these tests have no database."""

    @pytest.mark.parametrize("language", ["nl", "en"])
    @pytest.mark.parametrize("page", ["400", "403", "403_open_too_long", "404", "413", "500"])
    def test_each_says_what_happened_and_what_to_do(self, page: str, language: str) -> None:
        with translation.override(language):
            text = render_to_string(f"{page}.html")

        assert f'<html lang="{language}">' in text
        assert page[:3] in words(text)
        assert 'class="lead"' in text
        assert 'href="/"' in text
        assert "tel:" not in text

    @pytest.mark.parametrize("page", ["400", "403", "403_open_too_long", "404", "413", "500"])
    def test_each_says_whom_to_call_when_that_is_known(self, page: str) -> None:
        text = render_to_string(f"{page}.html", {"help_phone": "0800 1234"})

        assert '<a class="nowrap" href="tel:08001234">0800 1234</a>' in text

    def test_an_address_that_does_not_exist_gets_one(self, db: None) -> None:
        response = Client().get("/bestaat-niet/")

        assert response.status_code in {302, 404}


class TestTemplates:
    """What no page may hold, whoever writes it."""

    ALL = sorted((settings.BASE_DIR / "templates").rglob("*.html"))

    @pytest.mark.parametrize(
        "forbidden",
        [r"\sstyle=", r"<style", r"<script(?![^>]*\ssrc=)", r"\son\w+=", r"hx-on", r"\|\s*safe\b",
         r"autoescape off", r"https?://(?!autoriteitpersoonsgegevens\.nl|www\.w3\.org)", r"\splaceholder=",
         r"\sdisabled\b", r"\btabindex=\"[1-9]"],
    )  # fmt: skip
    def test_none_holds(self, forbidden: str) -> None:
        found = [path.name for path in self.ALL if re.search(forbidden, self._read(path))]

        # A letter is printed and never served: one file, with its style in it.
        assert found == (["letter.html"] if forbidden == "<style" else [])

    def test_every_form_that_is_posted_carries_its_token(self) -> None:
        for path in self.ALL:
            for form in re.findall(
                r'<form[^>]*method="post".*?</form>', self._read(path), re.DOTALL
            ):
                assert "{% csrf_token %}" in form, path

    def test_every_form_that_can_fail_leads_to_what_was_wrong(self) -> None:
        asks = re.compile(r"(?:faults|error_summary)\.html\" with \w+=form(?:\.error_list)? only")
        able_to_fail = [path for path in self.ALL if asks.search(self._read(path))]

        assert len(able_to_fail) == 29
        for path in able_to_fail:
            assert "#fouten" in self._read(path), path

    def test_the_style_sheets_fetch_nothing(self) -> None:
        for sheet in (settings.BASE_DIR / "static" / "css").glob("*.css"):
            assert not re.search(r"@import|url\((?!#)", sheet.read_text()), sheet

    @staticmethod
    def _read(path: Path) -> str:
        return path.read_text(encoding="utf-8")
