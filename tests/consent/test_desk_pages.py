"""The pages of the service desk: what an employee sees and writes down, and what the customer reads of it."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import throttle
from accounts.behalf import employee
from accounts.errors import NotAllowedError
from accounts.models import DataSubject, DeskOpening, Role, User
from accounts.policy import of_role
from audit import queries as log
from audit.events import Actor, EventKind
from consent.errors import OpeningEndedError
from consent.models import ConsentRecord, DataCategory, NoticeVersion, Purpose
from consent.operations import record_choices
from consent.operations.messages import send_messages
from consent.vocabulary import Channel, LegalBasis
from tests import factories
from tests.accounts.steps import user_of
from tests.consent.test_queries import hold
from tests.visitors import at_the_desk, client_of, words

pytestmark = pytest.mark.django_db

CUSTOMER, PURPOSE = "/balie/klant/", "/balie/klant/lekwaarschuwing/"
NOTE = "Vraag over de jaarrekening"
BY_TELEPHONE = {
    "notice": "1",
    "kanaal": "telephone",
    "choice-usage": "yes",
    "choice-household": "no",
}


@pytest.fixture
def page(anna: DataSubject, leak_warning: Purpose) -> Client:
    """The browser of an employee of the service desk, with Anna open."""
    return at_the_desk(anna, note=NOTE)


@pytest.fixture
def closed(leak_warning: Purpose) -> Client:
    return client_of(factories.make_user("desk@vechtwater.example", role=Role.DESK))


def who_looked(subject: DataSubject, show: str = "alles") -> str:
    return words(client_of(user_of(subject)).get(f"/wie-keek/?soort={show}").text)


def openings(reference: str, **form: str) -> dict[str, str]:
    return {"klant": reference, "reden": "called", "toelichting": NOTE, **form}


class TestOpening:
    def test_shows_the_customer_and_the_customer_reads_why(
        self, page: Client, anna: DataSubject
    ) -> None:
        shown = words(page.get(CUSTOMER).text)

        assert "Mevrouw A. Jansen" in shown
        assert "VW-0000001" in shown
        for read in (who_looked(anna), who_looked(anna, "mensen")):
            assert "Een medewerker van onze klantenservice opende uw gegevens." in read
            assert f"Reden: U belde ons. {NOTE}" in read
            assert "bekeek uw gegevens en uw keuzes. Reden: U belde ons." in read

    def test_puts_the_number_in_no_address(self, page: Client) -> None:
        assert "VW-" not in page.get(CUSTOMER).wsgi_request.get_full_path()

    def test_of_nobody_is_said_clearly(self, closed: Client, anna: DataSubject) -> None:
        answer = closed.post("/balie/", openings("VW-9"))

        assert answer.status_code == 422
        assert "Niemand heeft dit klantnummer." in words(answer.text)
        assert not DeskOpening.objects.exists()

    def test_of_too_many_wrong_numbers_waits(self, closed: Client, anna: DataSubject) -> None:
        for _ in range(throttle.NUMBERS_PER_EMPLOYEE.most):
            closed.post("/balie/", openings("VW-9"))

        answer = closed.post("/balie/", openings("VW-0000001"))

        assert answer.status_code == 429
        assert "Wacht een kwartier" in words(answer.text)

    @pytest.mark.parametrize("left_out", ["klant", "reden", "toelichting"])
    def test_needs_a_number_and_a_reason(
        self, closed: Client, anna: DataSubject, left_out: str
    ) -> None:
        answer = closed.post("/balie/", openings("VW-0000001", **{left_out: ""}))

        assert answer.status_code == 422
        assert f'href="#id_{left_out}"' in answer.text
        assert not DeskOpening.objects.exists()

    def test_keeps_what_was_filled_in(self, closed: Client, anna: DataSubject) -> None:
        text = closed.post("/balie/", openings("VW-9")).text

        assert '<option value="called" selected>' in text
        assert NOTE in text

    def test_is_over_after_half_an_hour(self, page: Client) -> None:
        DeskOpening.objects.update(open_until=timezone.now())

        answer = page.get(CUSTOMER, follow=True)

        assert answer.redirect_chain == [("/balie/#inhoud", 302)]
        assert "Er is geen klant open." in words(answer.text)

    def test_is_over_when_it_is_closed(self, page: Client) -> None:
        assert "is open tot" in words(page.get("/balie/").text)

        assert page.post("/balie/sluiten/").status_code == 302

        assert page.get(CUSTOMER).status_code == 302
        assert "is open tot" not in words(page.get("/balie/").text)

    def test_is_over_in_another_browser(self, page: Client, anna: DataSubject) -> None:
        other = client_of(User.objects.get(role=Role.DESK))

        assert other.get(CUSTOMER).status_code == 302

    def test_of_another_customer_hides_the_first(
        self, page: Client, anna: DataSubject, bram: DataSubject
    ) -> None:
        page.post("/balie/", openings("VW-0000002"))

        shown = words(page.get(CUSTOMER).text)

        assert "De heer B. Bakker" in shown
        assert "Jansen" not in shown


class TestWhatIsShown:
    def test_is_never_what_is_masked(
        self, page: Client, anna: DataSubject, usage: DataCategory
    ) -> None:
        hold(anna, usage, "meter", "148 liter")
        hold(anna, usage, "rekening", "NL12BANK0123456789", is_masked=True)

        shown = page.get(CUSTOMER).text

        assert "148 liter" in shown
        assert "NL12BANK0123456789" not in shown
        assert "Deels verborgen" in words(shown)

    def test_leads_to_the_text_to_read_aloud(self, page: Client) -> None:
        assert f'href="{PURPOSE}"' in page.get(CUSTOMER).text
        shown = words(page.get(PURPOSE).text)

        assert "Lees dit voor" in shown
        assert "question van lekwaarschuwing 1" in shown
        assert page.get("/balie/klant/onbekend/").status_code == 404


class TestWritingDown:
    def test_records_channel_and_employee_and_confirms_to_the_customer(
        self, page: Client, anna: DataSubject
    ) -> None:
        answer = page.post(PURPOSE, BY_TELEPHONE, follow=True)

        assert "De keuze is opgeslagen" in words(answer.text)
        desk = User.objects.get(role=Role.DESK)
        assert set(ConsentRecord.objects.values_list("channel", "employee_uid", "mandate_uid")) == {
            ("telephone", desk.pk, None)
        }
        given = log.EntryFilter(subject_id=anna.pk, kind=EventKind.CONSENT_GIVEN)
        (line,) = log.entries(filter=given, before=None, limit=9)
        assert (line.actor, line.internal) == (Actor.DESK, {"user": str(desk.pk)})
        assert (line.shown or {})["channel"] == "telephone"

        assert send_messages(at=timezone.now()) == 1
        (sent,) = mail.outbox
        assert sent.to == ["anna@voorbeeld.example"]
        assert "U zei het ons per telefoon. Een medewerker van onze" in sent.body
        assert "Wilt u dit niet?" in sent.body

    def test_is_read_by_the_customer(self, page: Client, anna: DataSubject) -> None:
        answer = page.post(PURPOSE, BY_TELEPHONE)
        number = answer.headers["Location"].split("/")[-2]
        page.post(PURPOSE, {**BY_TELEPHONE, "kanaal": "counter", "choice-usage": "no"})

        read = who_looked(anna, "eigen-keuzes")
        assert (
            "Onze klantenservice schreef uw ja op: Soort usage. U zei het ons per telefoon." in read
        )
        assert "schreef uw nee op: Soort household." in read
        assert "veranderde uw ja in nee: Soort usage. U zei het ons aan de balie." in read
        own = client_of(user_of(anna)).get(f"/toestemmingen/lekwaarschuwing/bevestiging/{number}/")
        assert "U zei het ons per telefoon." in words(own.text)

    def test_tells_when_there_is_nobody_to_mail(self, leak_warning: Purpose) -> None:
        page = at_the_desk(factories.make_subject("VW-0000007"))

        answer = page.post(PURPOSE, BY_TELEPHONE, follow=True)

        assert "Zeg de klant het nummer." in words(answer.text)

    def test_of_what_stood_already_says_so(self, page: Client) -> None:
        page.post(PURPOSE, BY_TELEPHONE)

        assert "De keuze was al zo." in words(page.post(PURPOSE, BY_TELEPHONE, follow=True).text)
        assert ConsentRecord.objects.count() == 2

    def test_needs_a_channel_and_every_answer(self, page: Client) -> None:
        answer = page.post(PURPOSE, {"notice": "1", "choice-usage": "yes"})

        assert answer.status_code == 422
        seen = log.EntryFilter(kind=EventKind.DATA_SEEN)
        assert len(log.entries(filter=seen, before=None, limit=9)) == 1
        assert 'href="#kanaal-telephone"' in answer.text
        assert 'href="#choice-household-yes"' in answer.text
        assert not ConsentRecord.objects.exists()

    def test_of_a_text_that_changed_asks_again(self, page: Client, leak_warning: Purpose) -> None:
        factories.make_notice(leak_warning, number=2, categories=["usage", "household"])

        for form in (BY_TELEPHONE, {"notice": "1"}):
            answer = page.post(PURPOSE, form)
            assert answer.status_code == 409
            assert "Lees de nieuwe tekst voor" in words(answer.text)
        assert not ConsentRecord.objects.exists()

    def test_of_a_text_that_changes_at_this_moment_asks_again(
        self, page: Client, leak_warning: Purpose, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def too_late(**_: object) -> object:
            factories.make_notice(leak_warning, number=2, categories=["usage", "household"])
            return record_choices(**_)  # type: ignore[arg-type]

        monkeypatch.setattr("consent.desk.views.record_choices", too_late)

        assert page.post(PURPOSE, BY_TELEPHONE).status_code == 409
        assert NoticeVersion.objects.count() == 2

    def test_of_a_purpose_that_stops_at_this_moment_is_not_there(
        self, page: Client, leak_warning: Purpose, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def too_late(**_: object) -> object:
            Purpose.objects.update(is_active=False)
            return record_choices(**_)  # type: ignore[arg-type]

        monkeypatch.setattr("consent.desk.views.record_choices", too_late)

        assert page.post(PURPOSE, BY_TELEPHONE).status_code == 404

    def test_after_the_customer_is_closed_writes_nothing(
        self, page: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def too_late(**_: object) -> object:
            DeskOpening.objects.update(closed_at=timezone.now())
            return record_choices(**_)  # type: ignore[arg-type]

        monkeypatch.setattr("consent.desk.views.record_choices", too_late)

        assert page.post(PURPOSE, BY_TELEPHONE)["Location"] == "/balie/"
        assert not ConsentRecord.objects.exists()

    def test_where_no_consent_is_needed_is_not_there(
        self, page: Client, leak_warning: Purpose, usage: DataCategory
    ) -> None:
        by_law = factories.make_purpose(
            "bewaarplicht",
            categories={usage: True},
            recipient=factories.make_recipient("archief"),
            legal_basis=LegalBasis.LEGAL_OBLIGATION,
        )

        address = f"/balie/klant/{by_law.slug}/"
        assert "Wat zegt de klant?" not in words(page.get(address).text)
        assert page.post(address, BY_TELEPHONE).status_code == 404


class TestOperation:
    """What the pages cannot do, the operation refuses as well."""

    def test_refuses_everyone_of_the_office_who_did_not_open_the_customer(
        self, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        for role in (Role.OFFICER, Role.ADMIN, Role.DESK):
            user = factories.make_user(f"{role}@vechtwater.example", role=role)
            with pytest.raises(NotAllowedError):
                record_choices(
                    subject=anna,
                    purpose="lekwaarschuwing",
                    choices={"usage": True, "household": True},
                    notice_number=1,
                    language="nl",
                    at=timezone.now(),
                    by=of_role(user.role, user_id=user.pk),
                    channel=Channel.TELEPHONE,
                )

        assert not ConsentRecord.objects.exists()

    def test_refuses_an_opening_that_is_over(
        self, page: Client, anna: DataSubject, leak_warning: Purpose
    ) -> None:
        opening = DeskOpening.objects.get()
        actor = employee(opening.employee, opening)
        with pytest.raises(OpeningEndedError):
            record_choices(
                subject=anna,
                purpose="lekwaarschuwing",
                choices={"usage": True, "household": True},
                notice_number=1,
                language="nl",
                at=timezone.now() + timedelta(hours=1),
                by=actor,
            )
