"""The pages of jobs: how far one is, what came of it, the list of exports; each officer sees its own only."""

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import DataSubject, Role, ServiceClient, User
from audit.contents import Contents
from audit.events import EventKind
from audit.models import LogEntry, LogHead
from audit.queries import EntryFilter
from consent import tasks
from consent.models import Job
from consent.officer import job_views, job_words
from consent.operations import exports, job_kinds, recomputing
from consent.queries.log import LogFilters, pseudonym
from consent.queries.register import current_register
from consent.vocabulary import JobFault, JobKind, JobState
from tests import factories
from tests.audit.builders import lifted_triggers
from tests.consent.test_queries import choose
from tests.visitors import client_of, words

if TYPE_CHECKING:
    pass

LIST = "/kantoor/exports/"
A_SCRIPT = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Settings) -> Path:
    place = tmp_path / "exports"
    settings.EXPORTS_DIR = place
    return place


@pytest.fixture
def office(carla: User, lekdetectie: ServiceClient) -> Client:
    """Carla's browser, after both factors, in an organisation with a catalogue."""
    return client_of(carla)


@pytest.fixture
def other(db: None) -> Client:
    """The browser of another officer."""
    return client_of(factories.make_user("dirk@vechtwater.example", role=Role.OFFICER))


def ask(officer: User, contents: Contents = Contents.COMPLETE, **filters: Any) -> Job:
    return exports.ask(
        officer=officer, contents=contents, filters=LogFilters(**filters), at=timezone.now()
    )


def made(officer: User, contents: Contents = Contents.COMPLETE, **filters: Any) -> Job:
    return done(ask(officer, contents, **filters))


def done(job: Job) -> Job:
    tasks.run_job(job=str(job.pk))
    return Job.objects.get(pk=job.pk)


def running(job: Job, **facts: Any) -> Job:
    """Let it be as if a worker had it for ten seconds."""
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(
        state=JobState.RUNNING,
        attempt=1,
        lease_until=now + timedelta(minutes=1),
        started_at=now - timedelta(seconds=10),
        **facts,
    )
    return Job.objects.get(pk=job.pk)


def page(job: Job, more: str = "") -> str:
    return f"/kantoor/opdrachten/{job.pk}/{more}"


class TestWaiting:
    def test_says_that_it_begins_by_itself_and_can_be_stopped(
        self, office: Client, carla: User
    ) -> None:
        job = ask(carla)

        html = office.get(page(job)).text

        text = words(html)
        assert "Export van het hele logboek" in text
        assert "Wacht op zijn beurt" in text
        assert "Het begint vanzelf." in text
        assert re.search(r"<progress[^>]*></progress>", html), "nothing is counted yet"
        assert f'href="{page(job)}"' in html
        assert f'action="{page(job, "stoppen/")}"' in html
        assert 'src="/static/django_htmx/htmx-2.min.js"' in html


class TestRunning:
    def test_says_how_far_it_is_and_how_long_it_takes(self, office: Client, carla: User) -> None:
        job = running(ask(carla), done=3000, total=39_000)

        html = office.get(page(job)).text

        assert "3.000 van 39.000 regels (7%). Nog ongeveer 2 minuten." in words(html)
        assert 'max="100" value="7"' in html
        assert html.count('role="status" id="gezegd"') == 1
        assert "Bezig: Export van het hele logboek" in words(html)

    def test_says_that_it_counts_before_it_knows(self, office: Client, carla: User) -> None:
        job = running(ask(carla))

        assert "Wij tellen de regels." in words(office.get(page(job)).text)

    def test_gives_a_script_the_part_that_changes(self, office: Client, carla: User) -> None:
        job = running(ask(carla), done=3000, total=48_000)

        first = office.get(f"{page(job)}?gezegd=", headers=A_SCRIPT).text
        again = office.get(f"{page(job)}?gezegd=0", headers=A_SCRIPT).text

        assert "<html" not in first
        assert f'hx-get="{page(job)}?gezegd=0"' in first
        assert 'hx-trigger="every 2s"' in first
        assert "Bezig: 0% is klaar." in words(first), "aloud, once"
        assert "hx-swap-oob" not in again

    def test_says_aloud_that_it_began(self, office: Client, carla: User) -> None:
        job = running(ask(carla))

        text = office.get(f"{page(job)}?gezegd=x", headers=A_SCRIPT).text

        assert re.search(r'hx-swap-oob="innerHTML">Bezig\.<', text)

    def test_has_nothing_inline(self, office: Client, carla: User) -> None:
        html = office.get(page(running(ask(carla)))).text

        assert "<style" not in html
        assert not re.search(r"<script(?![^>]*\ssrc=)", html)
        assert not re.search(r"\s(style|on\w+)=", html)


class TestEnded:
    @pytest.mark.parametrize(
        ("contents", "said"),
        [
            (Contents.COMPLETE, "Bewijst dat elke regel echt is, en dat er geen regel ontbreekt."),
            (Contents.SELECTION, "Bewijst dat elke regel echt is, maar niet dat"),
            (Contents.TABLE, "Is om te lezen en te tellen, en bewijst zelf niets."),
        ],
    )
    def test_export_is_offered_until_a_moment(
        self, office: Client, carla: User, contents: Contents, said: str
    ) -> None:
        job = made(carla, contents)

        html = office.get(page(job)).text

        text = words(html)
        assert "Uw export is klaar" in text
        assert said in text
        assert re.search(r"Bewaard tot \d+ \w+ \d{4} om", text)
        assert re.search(r"Grootte [\d,]+ (bytes|kB|KB)", text)
        assert f'action="{page(job, "bestand/")}"' in html
        assert "htmx" not in html, "nothing is asked again"

    def test_tells_a_script_to_show_the_whole_page(self, office: Client, carla: User) -> None:
        answer = office.get(page(made(carla)), headers=A_SCRIPT)

        assert answer["HX-Refresh"] == "true"
        assert answer.content == b""

    def test_verification_says_what_came_out(
        self, office: Client, carla: User, anna: DataSubject
    ) -> None:
        choose(anna, usage=True)
        job = done(recomputing.ask(officer=carla, at=timezone.now()))

        text = words(office.get(page(job)).text)

        assert "Controle van het logboek" in text
        assert "Het logboek klopt Wij rekenden 2 regels na." in text

    def test_verification_of_a_broken_log_leads_to_what_to_do(
        self, office: Client, carla: User, anna: DataSubject
    ) -> None:
        choose(anna, usage=True)
        LogHead.objects.create(id=2, size=0, root=bytes(32))
        job = done(recomputing.ask(officer=carla, at=timezone.now()))

        text = words(office.get(page(job)).text)

        assert "Het logboek klopt niet" in text
        assert "Naar het logboek. Daar leest u wat u moet doen." in text

    @pytest.mark.parametrize("fault", list(JobFault))
    def test_in_failure_says_why_and_offers_it_again(
        self, office: Client, carla: User, fault: JobFault
    ) -> None:
        job = running(ask(carla))
        now = timezone.now()
        Job.objects.update(
            state=JobState.FAILED,
            fault=fault,
            lease_until=None,
            finished_at=now,
            expires_at=now + timedelta(days=7),
        )

        html = office.get(page(job)).text

        assert "Mislukt" in words(html)
        assert str(job_words.FAULTS[fault]) in words(html)
        assert f'action="{page(job, "opnieuw/")}"' in html

    def test_is_forgotten_in_the_end(self, office: Client, carla: User) -> None:
        job = made(carla)
        Job.objects.update(expires_at=timezone.now())

        assert office.get(page(job)).status_code == 404
        assert office.post(page(job, "bestand/")).status_code == 404
        assert "Nog geen exports" in words(office.get(LIST).text)


class TestStopping:
    def test_ends_it(self, office: Client, carla: User) -> None:
        job = ask(carla)

        text = words(office.post(page(job, "stoppen/"), follow=True).text)

        assert Job.objects.get().state == JobState.CANCELLED
        assert "Het is gestopt. Er is niets van bewaard." in text
        assert "Gestopt Er is niets van bewaard." in text

    def test_what_ended_already_says_so(self, office: Client, carla: User) -> None:
        job = made(carla)

        text = words(office.post(page(job, "stoppen/"), follow=True).text)

        assert "Het was al klaar." in text
        assert Job.objects.get().state == JobState.DONE


class TestAgain:
    @pytest.mark.parametrize("kind", list(JobKind))
    def test_asks_the_same_once_more(self, office: Client, carla: User, kind: JobKind) -> None:
        job = (
            ask(carla, Contents.SELECTION, purpose="lekwaarschuwing")
            if kind is JobKind.LOG_EXPORT
            else recomputing.ask(officer=carla, at=timezone.now())
        )
        office.post(page(job, "stoppen/"))

        answer = office.post(page(job, "opnieuw/"))

        new = Job.objects.exclude(pk=job.pk).get()
        assert answer["Location"] == page(new)
        assert (new.kind, new.arguments) == (job.kind, job.arguments)
        assert new.state == JobState.QUEUED

    def test_is_refused_while_the_log_is_broken(self, office: Client, carla: User) -> None:
        job = ask(carla)
        office.post(page(job, "stoppen/"))

        with lifted_triggers():
            LogHead.objects.update(root=bytes(32))
            answer = office.post(page(job, "opnieuw/"), follow=True)

        assert answer.redirect_chain == [(page(job), 302)]
        assert "Op de pagina van het logboek leest u wat u moet doen." in words(answer.text)

    def test_can_be_done_for_every_kind_and_every_kind_has_words(self) -> None:
        assert set(job_kinds.KINDS) == set(JobKind) == set(job_words.KINDS)
        assert set(job_words.FAULTS) == set(JobFault)
        assert set(job_words.STATES) == set(JobState)
        assert (
            set(job_words.EXPORTS) == set(job_words.PROVES) == set(job_words.NEXT) == set(Contents)
        )


class TestDownload:
    def test_hands_out_the_file_and_logs_it_first(
        self, office: Client, carla: User, folder: Path
    ) -> None:
        job = made(carla)

        answer = office.post(page(job, "bestand/"))

        assert LogEntry.objects.filter(kind=EventKind.EXPORT_DOWNLOADED).count() == 1
        assert b"".join(answer.streaming_content) == (folder / job.result).read_bytes()  # type: ignore[attr-defined]
        assert answer["Content-Type"] == "application/zip"
        assert re.fullmatch(
            r'attachment; filename="logboek-[\d-]+\.zip"', answer["Content-Disposition"]
        )
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Length"] == str(job.result_size)

    def test_needs_a_form(self, office: Client, carla: User) -> None:
        assert office.get(page(made(carla), "bestand/")).status_code == 405

    def test_of_what_is_not_an_export_or_not_ready_is_not_there(
        self, office: Client, carla: User
    ) -> None:
        waiting = ask(carla)
        verified = done(recomputing.ask(officer=carla, at=timezone.now()))

        assert office.post(page(waiting, "bestand/")).status_code == 404
        assert office.post(page(verified, "bestand/")).status_code == 404

    def test_of_a_file_that_is_gone_says_what_to_do(
        self, office: Client, carla: User, folder: Path
    ) -> None:
        job = made(carla)
        (folder / job.result).unlink()

        text = words(office.post(page(job, "bestand/"), follow=True).text)

        assert "Dit bestand is er niet meer. Vraag een nieuwe export." in text
        assert not LogEntry.objects.filter(kind=EventKind.EXPORT_DOWNLOADED).exists()

    def test_is_seen_by_who_is_named(self, office: Client, carla: User, anna: DataSubject) -> None:
        assert anna.user is not None
        job = made(carla, Contents.SELECTION, reference="VW-0000001")
        b"".join(office.post(page(job, "bestand/")).streaming_content)  # type: ignore[attr-defined]

        text = words(client_of(anna.user).get("/wie-keek/").text)

        assert "downloadde een kopie van wat er met uw gegevens gebeurde." in text
        assert "maakte een kopie van wat er met uw gegevens gebeurde." in text


class TestSomebodyElse:
    def test_finds_no_such_job_at_any_address(
        self, office: Client, other: Client, carla: User
    ) -> None:
        job = made(carla)

        assert other.get(page(job)).status_code == 404
        assert other.get(page(job), headers=A_SCRIPT).status_code == 404
        for what in ("stoppen/", "opnieuw/", "bestand/"):
            assert other.post(page(job, what)).status_code == 404
        assert "Nog geen exports" in words(other.get(LIST).text)
        assert other.get(f"{LIST}?voor={job.pk}").status_code == 200
        assert not LogEntry.objects.filter(kind=EventKind.EXPORT_DOWNLOADED).exists()

    def test_who_is_logged_out_is_told_to_load_the_page_again(
        self, office: Client, carla: User
    ) -> None:
        answer = Client().get(page(ask(carla)), headers=A_SCRIPT)

        assert answer["HX-Refresh"] == "true"
        assert answer.content == b""


class TestList:
    def test_says_where_to_begin_when_it_is_empty(self, office: Client, carla: User) -> None:
        recomputing.ask(officer=carla, at=timezone.now())  # no export

        text = words(office.get(LIST).text)

        assert "Nog geen exports" in text
        assert "Ga naar het logboek" in text

    def test_names_each_with_its_filter_and_where_it_stands(
        self, office: Client, carla: User, anna: DataSubject
    ) -> None:
        made(carla, Contents.TABLE, reference="VW-0000001")
        running(ask(carla), done=1, total=4)
        ask(carla, Contents.SELECTION, purpose="lekwaarschuwing", outcome="refused")

        text = words(office.get(LIST).text)

        assert f"Klant: {pseudonym(anna.id)}" in text
        assert re.search(r"Export voor een rekenblad .* bewaard tot .* Klaar", text)
        assert "Bezig (25%)" in text
        assert "Doel: title van lekwaarschuwing 1, Antwoord: Mag niet" in text

    def test_leads_from_page_to_page(
        self, office: Client, carla: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(job_views, "PAGE", 2)
        asked = [ask(carla, Contents.TABLE, kind=kind).pk for kind in ("a", "b", "c")]

        first = office.get(LIST).text
        older = re.search(r'rel="next" href="([^"]+)"', first)
        assert older is not None
        second = office.get(older[1]).text

        assert [order(first), order(second)] == [[asked[2], asked[1]], [asked[0]]]
        assert 'rel="first"' in second
        assert 'rel="next"' not in second

    @pytest.mark.parametrize("cursor", ["x", "00000000-0000-4000-8000-00000000000a"])
    def test_begins_at_the_beginning_after_nothing(
        self, office: Client, carla: User, cursor: str
    ) -> None:
        job = ask(carla)

        assert order(office.get(f"{LIST}?voor={cursor}").text) == [job.pk]


def order(html: str) -> list[UUID]:
    return [UUID(found) for found in re.findall(r"/kantoor/opdrachten/([0-9a-f-]{36})/", html)]


class TestWords:
    @pytest.mark.parametrize(
        ("left", "said"),
        [
            (None, "Hoelang het nog duurt, weten wij nog niet."),
            (59, "Nog minder dan een minuut."),
            (60, "Nog ongeveer 1 minuut."),
            (89 * 60, "Nog ongeveer 89 minuten."),
            (90 * 60, "Nog ongeveer 2 uur."),
            (5 * 3600, "Nog ongeveer 5 uur."),
        ],
    )
    def test_say_how_long_in_what_people_count_in(self, left: int | None, said: str) -> None:
        delta = None if left is None else timedelta(seconds=left)

        assert job_words.time_left(delta) == said

    def test_say_what_narrows(self, lekdetectie: ServiceClient) -> None:
        asked = EntryFilter(
            since=factories.NOW,
            until=factories.NOW.replace(month=5, day=1, hour=22, minute=0),
            kind=EventKind.ACCESS_DECIDED,
            recipient="storingsdienst",
        )

        said = job_words.filter_in_words(asked, register=current_register(), language="nl")

        assert said == [
            ("Van", "29 maart 2026"),
            ("Tot en met", "1 mei 2026"),
            ("Soort", "Vraag van een dienst"),
            ("Dienst", "Team storingsdienst"),
        ]
