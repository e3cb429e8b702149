import ast
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.test import Client

from accounts.models import DataSubject, ServiceClient, User
from audit.contents import Contents
from audit.events import Actor, Event, EventKind
from audit.models import Leaf, LogEntry, LogHead, Payload, VerificationRun
from audit.operations import append, destroy_key, settle, verifying
from consent import tasks
from consent.models import Job
from consent.officer import wording
from consent.queries.values import LogState
from consent.vocabulary import Reason
from tests.audit.builders import lifted_triggers
from tests.consent.test_queries import ask, choose
from tests.factories import NOW
from tests.visitors import client_of, words

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

LOG = "/kantoor/logboek/"


@pytest.fixture
def office(carla: User, lekdetectie: ServiceClient) -> Client:
    """Carla's browser, after both factors, in an organisation with a catalogue."""
    return client_of(carla)


def recompute(office: Client) -> "Answer":
    """Ask for a verification, let a worker do it, and return the log as it is shown then."""
    asked = office.post(f"{LOG}controle/")
    tasks.run_job(job=str(Job.objects.get().pk))
    assert "Controle van het logboek" in office.get(asked["Location"]).text
    return office.get(LOG)


def lines(text: str) -> list[str]:
    return [words(row) for row in re.findall(r'<tr role="row">(.*?)</tr>', text, re.DOTALL)[1:]]


class TestWhoMayEnter:
    @pytest.mark.parametrize("url", ["/kantoor/", LOG])
    def test_nobody_enters_without_logging_in(self, lekdetectie: ServiceClient, url: str) -> None:
        assert Client().get(url)["Location"].startswith("/inloggen/")

    @pytest.mark.parametrize("url", [LOG, f"{LOG}controle/", f"{LOG}export/"])
    def test_a_customer_does_not_enter(
        self, anna: DataSubject, lekdetectie: ServiceClient, url: str
    ) -> None:
        assert anna.user is not None
        customer = client_of(anna.user)

        assert customer.get(url).status_code in {403, 405}
        assert customer.post(url).status_code == 403
        assert not LogEntry.objects.filter(kind__startswith="log.").exists()

    def test_the_office_opens_at_the_log(self, office: Client) -> None:
        assert office.get("/kantoor/")["Location"] == LOG


class TestLog:
    def test_shows_each_line_in_words_and_nobody_by_name(
        self, office: Client, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        choose(anna, usage=False)
        ask(lekdetectie)

        text = office.get(LOG).text

        found = lines(text)
        assert any("Team storingsdienst Vraag van een dienst" in line for line in found)
        assert any("Mag niet Klant zei nee" in line for line in found)
        assert any("Klant Toestemming geweigerd k-" in line for line in found)
        assert "Jansen" not in text
        assert "VW-0000001" not in text

    def test_a_look_is_a_line_itself(self, office: Client) -> None:
        assert "Logboek gelezen" in lines(office.get(LOG).text)[0]

    def test_filters_by_what_the_address_says(
        self, office: Client, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        choose(anna, usage=True)
        ask(lekdetectie)

        text = office.get(
            f"{LOG}?soort={EventKind.ACCESS_DECIDED}&antwoord=permitted&doel=lekwaarschuwing"
        ).text

        assert "1 regel gevonden" in words(text)
        assert "Weghalen: Vraag van een dienst" in words(text)
        assert "Mag Klant zei ja" in lines(text)[0]

    def test_filters_on_days_up_to_and_including_the_last(
        self, office: Client, anna: DataSubject
    ) -> None:
        choose(anna, usage=True)  # on 29 March 2026

        assert "2 regels gevonden" in words(office.get(f"{LOG}?van=2026-03-29&tot=2026-03-29").text)
        assert "Geen regels" in words(office.get(f"{LOG}?tot=2026-03-28").text)

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ("van=gisteren", "Vul een dag in"),
            ("van=2026-03-02&tot=2026-03-01", "Deze dag is eerder dan de eerste dag"),
            ("tot=9999-12-31", "Vul een dag in vanaf het jaar 2000 tot en met 2100"),
            ("van=0001-01-01", "Vul een dag in vanaf het jaar 2000 tot en met 2100"),
            ("van=1999-12-31", "Vul een dag in vanaf het jaar 2000 tot en met 2100"),
            ("tot=2101-01-01", "Vul een dag in vanaf het jaar 2000 tot en met 2100"),
        ],
    )
    def test_a_day_that_makes_no_sense_is_an_error_that_says_so(
        self, office: Client, query: str, said: str
    ) -> None:
        response = office.get(f"{LOG}?{query}")

        assert response.status_code == 422
        assert said in words(response.text)
        assert re.search(r"<title>\s*Fout:", response.text)
        assert response.text.index('id="regels"') < response.text.index("<h1>")
        assert re.search(r'<a href="#(van|tot)">', response.text)
        assert f"{LOG}export/" not in response.text

    @pytest.mark.parametrize("query", ["soort=onzin", "voor=x"])
    def test_an_address_that_makes_no_sense_is_an_error_too(
        self, office: Client, query: str
    ) -> None:
        response = office.get(f"{LOG}?{query}")

        assert response.status_code == 422
        assert 'role="alert"' in response.text

    def test_nothing_is_nothing_to_export(self, office: Client) -> None:
        assert f"{LOG}export/" in office.get(LOG).text
        assert f"{LOG}export/" not in office.get(f"{LOG}?tot=2000-01-01").text

    def test_counts_from_zero_as_a_proof_does(self, office: Client) -> None:
        assert "1 regel, genummerd vanaf 0" in words(office.get(LOG).text)
        assert "2 regels, genummerd vanaf 0" in words(office.get(LOG).text)

    @pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
    @pytest.mark.parametrize("field", ["van", "tot"])
    def test_a_day_that_no_clock_reaches_is_an_error_in_every_form(
        self, office: Client, field: str, day: str
    ) -> None:
        filters = {field: day, "klant": "VW-0000001"}

        searched = office.post(LOG, filters)
        exported = office.post(f"{LOG}export/", {**filters, "inhoud": "selection"})

        assert searched.status_code == 422
        assert exported["Location"] == LOG

    def test_takes_the_first_and_the_last_day(self, office: Client) -> None:
        assert office.get(f"{LOG}?van=2000-01-01&tot=2100-12-31").status_code == 200

    @pytest.mark.parametrize("before", [2**63, 10**30])
    def test_a_page_beyond_every_number_is_an_error(self, office: Client, before: int) -> None:
        assert office.get(f"{LOG}?voor={before}").status_code == 422

    @pytest.mark.parametrize(
        ("days", "count"),
        [
            ("van=2026-07-01&tot=2026-07-01", 1),
            ("van=2026-07-01", 1),
            ("tot=2026-06-30", 0),
            ("van=2026-07-02", 0),
        ],
    )
    def test_a_day_begins_at_midnight_in_amsterdam(
        self, office: Client, anna: DataSubject, days: str, count: int
    ) -> None:
        half_past_midnight = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)  # 1 July, 00:30 there
        with transaction.atomic():
            append(
                Event(
                    kind=EventKind.SIGNED_IN,
                    actor=Actor.DATA_SUBJECT,
                    at=half_past_midnight,
                    subject_id=anna.id,
                    shown={},
                    internal={},
                )
            )

        text = office.get(f"{LOG}?{days}&soort={EventKind.SIGNED_IN}").text

        assert len(lines(text)) == count

    def test_a_customer_number_is_searched_by_post_and_stands_in_no_address(
        self, office: Client, anna: DataSubject, bram: DataSubject
    ) -> None:
        choose(anna, usage=True)
        choose(bram, usage=True)

        text = office.post(LOG, {"klant": "vw-000 0001"}).text

        found = [line for line in lines(text) if "Toestemming gegeven" in line]
        assert len(found) == 1
        assert "Logboek gelezen k-" in lines(text)[0], "the look names whom it was about"
        assert not re.search(r'(href|action)="[^"]*0001', text)

    def test_a_customer_number_in_an_address_is_not_used(
        self, office: Client, anna: DataSubject
    ) -> None:
        choose(anna, usage=True)

        text = office.get(f"{LOG}?klant=VW-9999999").text

        assert "Toestemming gegeven" in words("".join(lines(text)))

    def test_an_unknown_customer_number_gives_advice(
        self, office: Client, anna: DataSubject
    ) -> None:
        choose(anna, usage=True)

        text = words(office.post(LOG, {"klant": "VW-9999999"}).text)

        assert "Er is geen regel over dit klantnummer. Controleer het nummer" in text

    def test_leads_from_page_to_page(
        self, office: Client, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        for _ in range(60):
            ask(lekdetectie)
        only = f"soort={EventKind.ACCESS_DECIDED}"
        first = office.get(f"{LOG}?{only}").text
        older = re.search(r'rel="next" href="([^"#]+)', first)
        assert older is not None

        second = office.get(older[1].replace("&amp;", "&")).text

        assert len(lines(first)) == 50
        assert len(lines(second)) == 10
        assert 'rel="first"' in second

    def test_leads_from_page_to_page_about_one_customer(
        self, office: Client, anna: DataSubject, lekdetectie: ServiceClient
    ) -> None:
        for _ in range(60):
            ask(lekdetectie)
        first = office.post(LOG, {"klant": "VW-0000001"}).text
        older = re.search(r'name="voor" value="(\d+)"', first)
        assert older is not None

        second = office.post(LOG, {"klant": "VW-0000001", "voor": older[1]}).text

        assert len(lines(first)) == 50
        assert len(lines(second)) == 11  # sixty questions and the first look


class TestState:
    def test_tells_that_nothing_was_checked_yet(self, office: Client) -> None:
        assert "Het logboek is nog niet gecontroleerd" in words(office.get(LOG).text)

    def test_recomputes_when_asked_and_says_what_came_out(
        self, office: Client, anna: DataSubject
    ) -> None:
        choose(anna, usage=True)

        text = words(recompute(office).text)

        since = "Het logboek klopt Gecontroleerd op"
        assert since in text, "that it was checked, and that somebody looked"
        assert "Gewist of gewijzigd 0 regels" in text
        assert "Logboek gecontroleerd" in text

    def test_says_at_once_that_it_does_not_add_up(self, office: Client, anna: DataSubject) -> None:
        choose(anna, usage=True)
        LogHead.objects.create(id=2, size=0, root=bytes(32))  # a second head: not what we wrote

        text = words(recompute(office).text)

        assert "Het logboek klopt niet Gecontroleerd op" in text
        assert "Eerste fout: Table audit_loghead, head: there must be exactly one" in text

    @pytest.mark.parametrize(
        ("size", "said"),
        [
            (9, "Het logboek klopt Gecontroleerd op"),
            (10, "Daarna kwam er 1 regel bij."),
            (17, "Daarna kwamen er 8 regels bij."),
        ],
    )
    def test_claims_no_more_than_was_checked(self, size: int, said: str) -> None:
        assert said in self.shown(size=size, run_counted=9)

    @staticmethod
    def shown(**parts: Any) -> str:
        given = {
            "size": 9, "pending": 0, "root": "ab" * 32, "checkpoint_size": None, "checkpoint_at": None,
            "run_at": NOW, "run_counted": 9, "run_faults": 0, "first_fault": "", **parts,
        }  # fmt: skip
        state = LogState(**given)
        return words(
            render_to_string("officer/log_state.html", {"state": state, "csrf_token": "x"})
        )

    def test_a_broken_log_says_where_and_what_to_do(self) -> None:
        text = self.shown(size=11, pending=2, run_faults=2, first_fault="entry 4")

        assert "Het logboek klopt niet Gecontroleerd op" in text
        assert "Eerste fout: entry 4" in text
        assert "Verander niets." in text
        assert "Wacht op een nummer 2 regels" in text


def head_with_another_root() -> None:
    LogHead.objects.update(root=bytes(32))


def last_leaf_deleted() -> None:
    Leaf.objects.order_by("-index")[0].delete()


@pytest.mark.parametrize("tamper", [head_with_another_root, last_leaf_deleted])
class TestBrokenLog:
    """Whoever got past the triggers is met with an alarm, not with a page that fails."""

    @pytest.fixture(autouse=True)
    def _broken(
        self, office: Client, anna: DataSubject, tamper: Callable[[], None]
    ) -> Iterator[None]:
        choose(anna, usage=True)
        settle(at=NOW)
        with lifted_triggers():
            tamper()
            yield

    def test_is_shown_with_what_is_wrong_and_what_to_do(self, office: Client) -> None:
        response = office.get(LOG)

        text = words(response.text)
        assert response.status_code == 200
        assert "Het logboek klopt niet" in text
        assert "Eerste fout: The head of the log does not agree with its leaves." in text
        assert "Verander niets." in text
        assert 'class="card verify verify--broken"' in response.text
        assert "Logboek gelezen" in lines(response.text)[0]

    def test_is_recomputed_all_the_same_and_the_outcome_is_kept(self, office: Client) -> None:
        text = words(recompute(office).text)

        run = VerificationRun.objects.get()
        assert not run.is_sound
        assert "Het logboek klopt niet Gecontroleerd op" in text
        assert f"Eerste fout: {words(run.first_fault)}" in text
        logged = LogEntry.objects.get(kind=EventKind.LOG_VERIFIED)
        assert logged.payload.outcome == "broken"

    @pytest.mark.parametrize("contents", list(Contents))
    def test_is_not_exported(self, office: Client, contents: Contents) -> None:
        response = office.post(f"{LOG}export/", {"inhoud": contents.value}, follow=True)

        text = words(response.text)
        assert response.redirect_chain == [(LOG, 302)]
        assert "Het logboek klopt niet. Daarom is er niets geëxporteerd." in text
        assert not LogEntry.objects.filter(kind=EventKind.LOG_EXPORTED).exists()
        assert not Job.objects.exists()


class TestVerify:
    def test_keeps_the_run_and_the_line_or_neither(
        self, office: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise IntegrityError

        monkeypatch.setattr(verifying, "append", fail)

        with pytest.raises(IntegrityError), transaction.atomic():
            recompute(office)

        assert not VerificationRun.objects.exists()


class TestDamagedLine:
    @pytest.fixture(autouse=True)
    def _damaged(self, office: Client, anna: DataSubject) -> Iterator[None]:
        choose(anna, usage=True)
        with lifted_triggers():
            Payload.objects.filter(subject_key=anna.key).update(subject_part=b"damaged")
            yield

    def test_is_not_called_erased(self, office: Client) -> None:
        (line,) = (it for it in lines(office.get(LOG).text) if "Toestemming gegeven" in it)

        assert "beschadigd" in line
        assert "gewist" not in line

    def test_is_told_to_its_data_subject(self, anna: DataSubject) -> None:
        assert anna.user is not None

        text = words(client_of(anna.user).get("/wie-keek/").text)

        assert "Wij kunnen deze regel niet meer lezen: hij is beschadigd." in text

    def test_of_somebody_who_was_erased_is_called_erased(
        self, office: Client, bram: DataSubject
    ) -> None:
        choose(bram, usage=True)
        destroy_key(key=bram.key, at=NOW)

        found = [it for it in lines(office.get(LOG).text) if "Toestemming gegeven" in it]

        assert ["gewist" in it for it in found] == [True, False]

    def test_of_a_kind_that_is_no_longer_known_is_shown_as_it_is(self, office: Client) -> None:
        LogEntry.objects.update(kind="consent.record.retired", actor="robot")

        (first, *_) = lines(office.get(LOG).text)[1:]

        assert "robot consent.record.retired" in first


class TestExport:
    @pytest.mark.parametrize("contents", list(Contents))
    def test_is_a_job_about_what_the_filter_selects(
        self, office: Client, anna: DataSubject, contents: Contents
    ) -> None:
        choose(anna, usage=True)
        asked = {"inhoud": contents.value, "klant": "VW-0000001", "doel": "lekwaarschuwing"}

        response = office.post(f"{LOG}export/", asked)

        job = Job.objects.get()
        assert response["Location"] == f"/kantoor/opdrachten/{job.pk}/"
        assert job.arguments["contents"] == contents
        selection = {"purpose": "lekwaarschuwing", "subject": str(anna.id)}
        assert job.arguments["filter"] == ({} if contents is Contents.COMPLETE else selection)
        assert LogEntry.objects.filter(kind=EventKind.LOG_EXPORTED).count() == 1

    def test_pressed_twice_is_one_job(self, office: Client, anna: DataSubject) -> None:
        choose(anna, usage=True)

        first, second = (office.post(f"{LOG}export/", {"inhoud": "table"}) for _ in range(2))

        assert first["Location"] == second["Location"]
        assert LogEntry.objects.filter(kind=EventKind.LOG_EXPORTED).count() == 1

    @pytest.mark.parametrize(
        "asked",
        [{"inhoud": "table", "van": "gisteren"}, {"inhoud": "alles"}, {}],
    )
    def test_of_what_makes_no_sense_is_none(self, office: Client, asked: dict[str, str]) -> None:
        response = office.post(f"{LOG}export/", asked, follow=True)

        assert "Daarom is er niets geëxporteerd" in words(response.text)
        assert not LogEntry.objects.filter(kind=EventKind.LOG_EXPORTED).exists()
        assert not Job.objects.exists()


class TestWording:
    @pytest.mark.parametrize("kind", list(EventKind))
    def test_every_kind_has_words(self, kind: EventKind) -> None:
        assert wording.kind(kind) != kind.value

    @pytest.mark.parametrize("reason", list(Reason))
    def test_every_reason_has_words(self, reason: Reason) -> None:
        assert wording.reason(reason) != reason.value

    def test_every_reason_that_logging_in_writes_has_words(self) -> None:
        written = {
            keyword.value.value
            for path in (settings.BASE_DIR / "accounts" / "operations").glob("*.py")
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(call, ast.Call)
            for keyword in call.keywords
            if keyword.arg == "reason" and isinstance(keyword.value, ast.Constant)
        } - {""}

        assert written >= {"wrong-password", "wrong-code", "too-many-attempts"}
        for reason in written:
            assert wording.reason(str(reason)) != reason

    def test_what_it_does_not_know_it_shows_as_it_is(self) -> None:
        assert wording.kind("some.new.kind") == "some.new.kind"
        assert wording.outcome("new", kind_code="x") == ("info", "new")

    def test_a_service_is_refused_and_a_customer_refuses(self) -> None:
        assert wording.outcome("refused", kind_code=EventKind.ACCESS_DECIDED)[1] == "Mag niet"
        assert wording.outcome("refused", kind_code=EventKind.CONSENT_REFUSED)[1] == "Nee"
