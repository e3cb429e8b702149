"""Acting for another: what one sees and does then, what both read of it, and where it stops."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import operations
from accounts.behalf import representative
from accounts.errors import NotAllowedError
from accounts.mandate_rules import Limits
from accounts.models import DataSubject, Mandate, Notice, User
from accounts.vocabulary import Permission
from audit import queries as log
from audit.events import Actor, EventKind
from consent.errors import MandateEndedError
from consent.models import ConsentRecord, DataCategory, Purpose
from consent.operations import decide_access, record_choices
from consent.operations.access import AccessQuestion
from consent.operations.erasure import erase_subject
from consent.operations.messages import send_messages
from consent.operations.notices import send_notices
from tests import factories
from tests.accounts.steps import user_of
from tests.consent.test_queries import hold
from tests.visitors import ALL, acting, client_of, mandate_between, words

pytestmark = pytest.mark.django_db

PURPOSE = "/toestemmingen/lekwaarschuwing/"
YES = {"notice": "1", "choice-usage": "yes", "choice-household": "no"}
NO = {"notice": "1", "choice-usage": "no", "choice-household": "no"}
PAGES = ("/mijn-gegevens/", "/toestemmingen/", PURPOSE, "/wie-keek/")
LOOK_AND_SAY_NO = Limits()


@pytest.fixture
def page(anna: DataSubject, bram: DataSubject, leak_warning: Purpose) -> Client:
    """Bram's browser, while he acts for Anna and may do everything that a mandate can give."""
    return acting(for_=anna, by=bram)


def lines(subject: DataSubject, kind: EventKind) -> list[log.EntryView]:
    found = log.EntryFilter(subject_id=subject.pk, kind=kind)
    return log.entries(filter=found, before=None, limit=99)


def who_looked(subject: DataSubject, show: str = "alles") -> str:
    return words(client_of(user_of(subject)).get(f"/wie-keek/?soort={show}").text)


class TestBanner:
    @pytest.mark.parametrize("url", [*PAGES, "/", "/privacy/", "/log/controleren/"])
    def test_stands_on_every_page(self, page: Client, url: str) -> None:
        assert "U handelt nu voor mevrouw A. Jansen." in words(page.get(url).text)

    def test_is_not_there_for_oneself(self, page: Client, bram: DataSubject) -> None:
        own = client_of(user_of(bram))

        for url in (*PAGES, "/machtigingen/"):
            assert "U handelt nu voor" not in words(own.get(url).text)

    def test_stops(self, page: Client) -> None:
        answer = page.post("/machtigingen/stoppen/", follow=True)

        assert answer.redirect_chain == [("/machtigingen/", 302)]
        assert "U handelt nu voor" not in words(answer.text)
        assert "de heer B. Bakker" in words(page.get("/mijn-gegevens/").text)

    def test_of_nobody_stops_too(self, bram: DataSubject, leak_warning: Purpose) -> None:
        assert client_of(user_of(bram)).post("/machtigingen/stoppen/").status_code == 302

    def test_gives_the_session_another_key_at_both_ends(
        self, anna: DataSubject, bram: DataSubject, leak_warning: Purpose
    ) -> None:
        mandate = mandate_between(anna, bram)
        client = client_of(user_of(bram))
        keys = [client.cookies["session"].value]
        for address in (f"/machtigingen/{mandate.pk}/gebruiken/", "/machtigingen/stoppen/"):
            client.post(address)
            keys.append(client.cookies["session"].value)

        assert len(set(keys)) == 3


class TestMandateMisuse:
    """T22."""

    @pytest.mark.parametrize(
        "url",
        [
            *("/beveiliging/", "/bevestigen/", "/machtigingen/", "/machtigingen/geven/"),
            *("/machtigingen/accepteren/", "/wie-keek/sleutel/"),
            "/wie-keek/00000000-0000-4000-8000-000000000000/bewijs",
        ],
    )
    def test_acting_user_cannot_reach_security_pages(self, page: Client, url: str) -> None:
        answer = page.get(url)

        assert answer.status_code == 403
        assert "Deze pagina is van uzelf" in words(answer.text)

    def test_cannot_sub_mandate(self, page: Client, anna: DataSubject, bram: DataSubject) -> None:
        before = Mandate.objects.count()

        answer = page.post("/machtigingen/geven/", {"klant": "VW-0000002", "duur": "30"})

        assert answer.status_code == 403
        assert Mandate.objects.count() == before

    def test_cannot_begin_for_a_second_person(
        self, page: Client, bram: DataSubject, leak_warning: Purpose
    ) -> None:
        other = mandate_between(factories.make_subject("VW-0000006", name="C. Post"), bram)

        assert page.post(f"/machtigingen/{other.pk}/gebruiken/").status_code == 403

    def test_expires_mid_session(self, page: Client) -> None:
        Mandate.objects.update(valid_until=timezone.now())

        answer = page.get("/toestemmingen/", follow=True)

        assert answer.redirect_chain == [("/mijn-gegevens/#inhoud", 302)]
        assert "die machtiging is gestopt" in words(answer.text)
        assert "de heer B. Bakker" in words(answer.text)

    def test_is_revoked_mid_session(self, page: Client, anna: DataSubject) -> None:
        mandate = Mandate.objects.get()
        answer = client_of(user_of(anna)).post(f"/machtigingen/{mandate.pk}/beeindigen/")
        assert answer.status_code == 302

        assert page.post(PURPOSE, YES).status_code == 302
        assert not ConsentRecord.objects.exists()
        assert "U handelt nu voor" not in words(page.get("/").text)

    def test_stops_on_an_open_page_as_well(self, page: Client) -> None:
        Mandate.objects.update(revoked_at=timezone.now())

        shown = words(page.get("/privacy/").text)

        assert "U handelt nu voor" not in shown
        assert "die machtiging is gestopt" in shown

    def test_ends_with_the_session(self, page: Client, bram: DataSubject) -> None:
        page.post("/uitloggen/")
        page.force_login(user_of(bram))

        assert "mandate" not in page.session

    def test_that_ended_while_the_choice_was_made_records_nothing(
        self, page: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def too_late(**facts: object) -> object:
            Mandate.objects.update(revoked_at=timezone.now())
            return record_choices(**facts)  # type: ignore[arg-type]

        monkeypatch.setattr("consent.portal.views.record_choices", too_late)

        assert page.post(PURPOSE, YES)["Location"] == "/mijn-gegevens/"
        assert not ConsentRecord.objects.exists()

    def test_cannot_dismiss_a_question_for_another(self, page: Client) -> None:
        assert page.post(f"{PURPOSE}niet-meer-tonen/", {"notice": "1"}).status_code == 403
        assert "Niet meer tonen" not in page.get("/mijn-gegevens/").text


class TestRepresentativeSilentlyActs:
    """T23: both people read of each act, by whom and for whom."""

    def test_beginning_is_told_to_the_represented(
        self, page: Client, anna: DataSubject, bram: DataSubject
    ) -> None:
        mandate = Mandate.objects.get()
        (hers,), (his,) = (lines(one, EventKind.MANDATE_STARTED) for one in (anna, bram))
        assert hers.actor == Actor.REPRESENTATIVE
        assert (hers.shown or {})["mandate"] == (his.shown or {})["mandate"] == str(mandate.pk)
        assert Notice.objects.filter(user=anna.user, kind="mandate-started").count() == 1

        send_notices(at=timezone.now())
        bodies = [sent.body for sent in mail.outbox if sent.to == ["anna@voorbeeld.example"]]
        assert any("begon de heer B. Bakker voor u te handelen" in body for body in bodies)

    @pytest.mark.parametrize("url", PAGES)
    def test_each_look_is_a_line_for_both(
        self, page: Client, anna: DataSubject, bram: DataSubject, url: str
    ) -> None:
        page.get(url)

        (hers,) = lines(anna, EventKind.DATA_SEEN)
        (his,) = lines(bram, EventKind.MANDATE_USED)
        assert hers.actor == Actor.REPRESENTATIVE
        assert (hers.shown or {})["mandate"] == (his.shown or {})["mandate"]
        assert "De heer B. Bakker bekeek uw gegevens" in who_looked(anna)
        assert "U bekeek gegevens van mevrouw A. Jansen" in who_looked(bram)

    def test_a_page_that_says_what_was_wrong_is_a_look_as_well(
        self, page: Client, anna: DataSubject
    ) -> None:
        assert page.post(PURPOSE, {"notice": "1"}).status_code == 422

        (hers,) = lines(anna, EventKind.DATA_SEEN)
        assert (hers.shown or {})["page"] == "purpose"

    def test_when_the_line_cannot_be_written_nothing_is_shown(
        self, page: Client, anna: DataSubject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full_disk(*_: object, **__: object) -> None:
            raise OSError

        monkeypatch.setattr("accounts.operations.mandate_events.append", full_disk)
        page.raise_request_exception = False

        answer = page.get("/mijn-gegevens/")

        assert answer.status_code == 500
        assert "Jansen" not in answer.text

    def test_each_choice_is_a_line_for_both_and_a_mail(
        self, page: Client, anna: DataSubject, bram: DataSubject
    ) -> None:
        page.post(PURPOSE, YES)
        page.post(PURPOSE, NO)

        mandate = Mandate.objects.get()
        assert set(ConsentRecord.objects.values_list("subject", "mandate_uid", "channel")) == {
            (anna.pk, mandate.pk, "portal")
        }
        (given,) = lines(anna, EventKind.CONSENT_GIVEN)
        assert given.actor == Actor.REPRESENTATIVE
        assert (given.shown or {})["mandate"] == str(mandate.pk)
        hers, his = who_looked(anna, "eigen-keuzes"), who_looked(bram, "machtigingen")
        assert "De heer B. Bakker zei ja voor u: Soort usage." in hers
        assert "De heer B. Bakker zei nee voor u: Soort household." in hers
        assert "De heer B. Bakker veranderde uw ja in nee: Soort usage." in hers
        assert "U zei ja voor mevrouw A. Jansen: Soort usage." in his
        assert "U veranderde een ja van mevrouw A. Jansen in nee: Soort usage." in his
        assert not lines(bram, EventKind.CONSENT_GIVEN)

        assert send_messages(at=timezone.now()) == 2
        assert {recipient for sent in mail.outbox for recipient in sent.to} == {
            "anna@voorbeeld.example"
        }
        assert "Gekozen door de heer B. Bakker" in mail.outbox[0].body

    def test_a_choice_says_who_chose(self, page: Client, anna: DataSubject) -> None:
        answer = page.post(PURPOSE, YES, follow=True)

        assert "Wij sturen een bevestiging per e-mail aan mevrouw A. Jansen." in words(answer.text)
        own = client_of(user_of(anna)).get(answer.redirect_chain[-1][0])
        assert "Gekozen door de heer B. Bakker" in words(own.text)

    def test_once_the_representative_is_erased_the_line_names_nobody(
        self, page: Client, anna: DataSubject, bram: DataSubject
    ) -> None:
        answer = page.post(PURPOSE, YES)
        erase_subject(subject_id=bram.pk, request="AVG-1", at=timezone.now())

        read = who_looked(anna)
        assert "Iemand die voor u kon handelen zei ja voor u" in read
        assert "Bakker" not in read
        own = client_of(user_of(anna)).get(answer.headers["Location"])
        assert "Gekozen door iemand die voor u kon handelen" in words(own.text)

    def test_the_representative_reads_whom_he_acted_for_no_more_after_an_erasure(
        self, page: Client, anna: DataSubject, bram: DataSubject
    ) -> None:
        page.get("/mijn-gegevens/")
        erase_subject(subject_id=anna.pk, request="AVG-1", at=timezone.now())

        assert "U bekeek gegevens van iemand" in who_looked(bram)
        assert page.get("/mijn-gegevens/").status_code == 302


class TestLimits:
    def test_a_mandate_to_look_and_say_no_offers_no_yes(
        self, anna: DataSubject, bram: DataSubject, leak_warning: Purpose
    ) -> None:
        page = acting(for_=anna, by=bram, limits=LOOK_AND_SAY_NO)

        text = page.get(PURPOSE).text
        assert 'value="no"' in text
        assert 'value="yes"' not in text
        assert page.post(PURPOSE, YES).status_code == 422
        assert page.post(PURPOSE, NO).status_code == 302
        assert set(ConsentRecord.objects.values_list("status", flat=True)) == {"refused"}

    def test_keeps_a_yes_that_stands_on_offer(
        self, anna: DataSubject, bram: DataSubject, leak_warning: Purpose
    ) -> None:
        client_of(user_of(anna)).post(PURPOSE, YES)
        page = acting(for_=anna, by=bram, limits=LOOK_AND_SAY_NO)

        assert 'id="choice-usage-yes"' in page.get(PURPOSE).text
        assert 'id="choice-household-yes"' not in page.get(PURPOSE).text
        page.post(PURPOSE, NO)
        assert ConsentRecord.objects.filter(status="withdrawn").count() == 1

    def test_a_mandate_to_look_offers_nothing_to_choose(
        self, anna: DataSubject, bram: DataSubject, leak_warning: Purpose
    ) -> None:
        looking = Limits(permissions=frozenset({Permission.VIEW}))
        page = acting(for_=anna, by=bram, limits=looking)

        assert "mag u kijken, en niet kiezen" in words(page.get(PURPOSE).text)
        assert "<fieldset" not in page.get(PURPOSE).text
        assert page.post(PURPOSE, NO).status_code == 403

    def test_a_form_that_was_offered_before_the_mandate_changed_is_refused(
        self, page: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def narrower(**facts: object) -> object:
            raise NotAllowedError("outside-mandate")

        monkeypatch.setattr("consent.portal.views.record_choices", narrower)

        assert page.post(PURPOSE, YES).status_code == 403

    def test_a_mandate_for_one_purpose_shows_no_other(
        self, anna: DataSubject, bram: DataSubject, leak_warning: Purpose
    ) -> None:
        other, coach = (
            factories.make_category("income", position=3),
            factories.make_recipient("coach"),
        )
        factories.make_purpose(
            "vergelijking", categories={other: True}, recipient=coach, position=2
        )
        hold(anna, other, "bedrag", "verborgen bedrag")
        client = factories.make_client(coach, purposes=["vergelijking"])
        decide_access(
            question=AccessQuestion(
                subject_type="service",
                subject_id=client.client_id,
                purpose="vergelijking",
                resource_type="data_subject",
                reference="VW-0000001",
                data_category="income",
            ),
            asker=factories.asker_of(client),
            at=timezone.now(),
        )
        page = acting(for_=anna, by=bram, limits=Limits(purposes=frozenset({"lekwaarschuwing"})))

        for url in PAGES:
            shown = page.get(url).text
            assert "vergelijking" not in shown, url
            assert "Soort income" not in shown, url
            assert "verborgen bedrag" not in shown, url
        assert page.get("/toestemmingen/vergelijking/").status_code == 404
        assert page.get("/toestemmingen/vergelijking/bevestiging/T-1/").status_code == 404

    def test_a_mandate_about_one_category_shows_no_other_and_no_purpose_that_needs_more(
        self, anna: DataSubject, bram: DataSubject, leak_warning: Purpose, household: DataCategory
    ) -> None:
        hold(anna, household, "aantal", "vijf personen")
        page = acting(for_=anna, by=bram, limits=Limits(categories=frozenset({"usage"})))

        shown = page.get("/mijn-gegevens/").text
        assert "Soort usage" in shown
        assert "vijf personen" not in shown
        assert page.get(PURPOSE).status_code == 404

    def test_shows_never_how_the_other_logs_in(self, page: Client, anna: DataSubject) -> None:
        operations.enrol(user=User.objects.get(pk=user_of(anna).pk), at=timezone.now())

        for show in ("alles", "inloggen", "machtigingen"):
            shown = words(page.get(f"/wie-keek/?soort={show}").text)
            assert "om in te loggen" not in shown
            assert "machtiging, zodat" not in shown


class TestOperation:
    def test_refuses_a_mandate_that_does_not_count_any_more(
        self, anna: DataSubject, bram: DataSubject, leak_warning: Purpose
    ) -> None:
        mandate = mandate_between(anna, bram, limits=ALL)

        with pytest.raises(MandateEndedError):
            record_choices(
                subject=anna,
                purpose="lekwaarschuwing",
                choices={"usage": True, "household": True},
                notice_number=1,
                language="nl",
                at=timezone.now() + timedelta(days=31),
                by=representative(mandate, bram),
            )
