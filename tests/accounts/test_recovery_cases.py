"""Somebody lost everything: two people, three days, and the owner can stop it (no help desk gives an account away)."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from accounts import tasks
from accounts.errors import SameOfficerError
from accounts.models import (
    PostedCode,
    RecoveryCase,
    RecoveryDevice,
    Role,
    TotpDevice,
    User,
)
from accounts.operations.recovery_cases import (
    CAUTION,
    _finish,
    approve_case,
    finish_cases,
    open_case,
)
from audit.events import EventKind
from tests import factories
from tests.accounts.steps import EMAIL, OFFICER_EMAIL, Enrolled, give_password, log_in
from tests.accounts.ways import (
    NEW_PASSWORD,
    code_in_the_letter,
    internal,
    letters,
    lines,
    link_to,
    subjects_to,
    work,
)
from tests.factories import NOW
from tests.visitors import client_of

pytestmark = pytest.mark.usefixtures("letter_box", "organisation")
OVER = NOW + timedelta(hours=72)
PAGE = "/kantoor/herstel/"


@pytest.fixture
def officer(enrolled_officer: Enrolled) -> Client:
    browser = Client()
    log_in(browser, enrolled_officer, email=OFFICER_EMAIL)
    return browser


@pytest.fixture
def second(db: None) -> Client:
    return client_of(factories.make_user("cees@vechtwater.example", role=Role.OFFICER))


def opened(officer: Client) -> RecoveryCase:
    answer = officer.post(PAGE, {"reference": "VW-0000001", "evidence": "desk"})
    assert answer.status_code == 302
    return RecoveryCase.objects.get()


def approve(officer: Client, case: RecoveryCase) -> str:
    return officer.post(f"{PAGE}{case.pk}/goedkeuren/", follow=True).text


class TestRecovery:
    def test_takes_two_officers_and_three_days_and_starts_anew(
        self,
        officer: Client,
        second: Client,
        enrolled: Enrolled,
        clock: time_machine.Traveller,
    ) -> None:
        thief = Client()
        log_in(thief, enrolled)
        case = opened(officer)
        assert "Het begint over drie dagen" in approve(second, case)
        clock.move_to(OVER - timedelta(seconds=1), tick=False)
        tasks.finish_recoveries()
        assert TotpDevice.objects.filter(user=enrolled.user).exists()

        clock.move_to(OVER, tick=False)
        tasks.finish_recoveries()

        user = User.objects.get(pk=enrolled.user.pk)
        assert (user.is_active, user.has_usable_password()) == (False, False)
        assert user.caution_until == OVER + CAUTION
        assert not TotpDevice.objects.filter(user=user).exists()
        assert not RecoveryDevice.objects.filter(user=user).exists()
        assert thief.get("/mijn-gegevens/").status_code == 302
        assert give_password(Client()).status_code == 422
        self.check_fresh_start(code_in_the_letter())
        subject = enrolled.user.data_subject.pk
        for kind in (
            EventKind.RECOVERY_OPENED,
            EventKind.RECOVERY_APPROVED,
            EventKind.RECOVERY_DONE,
        ):
            assert [line.subject_id for line in lines(kind)] == [subject], kind

    def check_fresh_start(self, code: str) -> None:
        browser = Client()
        form = {"code": code, "email": EMAIL, "password": NEW_PASSWORD}
        browser.post("/activeren/code/", form)
        assert browser.post(link_to(EMAIL)).status_code == 302
        answer = give_password(browser, password=NEW_PASSWORD)
        assert answer.headers["Location"] == "/inloggen/instellen/#inhoud"

    def test_tells_the_owner_of_every_step(
        self, officer: Client, second: Client, enrolled: Enrolled
    ) -> None:
        approve(second, opened(officer))
        history = log_of_owner(enrolled)
        finish_cases(at=OVER)
        work(OVER)

        assert subjects_to(EMAIL) == [
            "Iemand zegt dat u niet meer kunt inloggen",
            "Over drie dagen begint uw account opnieuw",
            "Uw account begint opnieuw",
        ]
        assert "besloot met twee mensen dat uw account opnieuw mag beginnen" in history
        assert OFFICER_EMAIL not in history

    def test_needs_another_officer(self, officer: Client, carla: User, enrolled: Enrolled) -> None:
        case = opened(officer)

        assert "niet wie de zaak opende" in approve(officer, case)
        assert b"Eens" not in officer.get(PAGE).content
        with pytest.raises(IntegrityError), transaction.atomic():  # nor by hand
            RecoveryCase.objects.update(approved_by=carla)
        finish_cases(at=NOW + timedelta(days=365))
        assert TotpDevice.objects.filter(user=enrolled.user).exists()

    def test_keeps_what_kind_of_proof_was_seen_and_no_more(
        self, officer: Client, carla: User, enrolled: Enrolled
    ) -> None:
        case = opened(officer)

        (line,) = lines(EventKind.RECOVERY_OPENED)
        assert line.internal == {"case": str(case.pk), "evidence": "desk", "user": str(carla.pk)}
        assert line.shown == {}

    def test_that_is_done_elsewhere_meanwhile_is_done_once(
        self, officer: Client, second: Client, enrolled: Enrolled
    ) -> None:
        case = opened(officer)
        approve(second, case)

        assert [_finish(case.pk, at=OVER) for _ in range(2)] == [True, False]
        assert PostedCode.objects.count() == 1


def link_of_the_invitation() -> str:
    """Return the link of the mail before the last: the last one tells that it is done."""
    work()
    (sent,) = [mail_ for mail_ in mail.outbox if mail_.subject.startswith("U bent uitgenodigd")]
    return str(sent.body.split(settings.PUBLIC_BASE_URL)[1].split()[0])


def log_of_owner(enrolled: Enrolled) -> str:
    browser = client_of(enrolled.user)
    return browser.get("/wie-keek/").text


class TestOwner:
    def test_stops_it_without_a_log_in_and_with_nothing_else(
        self, officer: Client, second: Client, enrolled: Enrolled
    ) -> None:
        case = opened(officer)
        link = link_to(EMAIL)
        browser = Client()
        assert browser.get(link).status_code == 200
        assert RecoveryCase.objects.get().cancelled_at is None  # looking changes nothing

        assert browser.post(link, follow=True).redirect_chain == [("/inloggen/", 302)]

        case.refresh_from_db()
        assert case.cancelled_at == NOW
        assert browser.get("/mijn-gegevens/").status_code == 302
        assert "Er was niets meer" in approve(second, case)
        assert not finish_cases(at=OVER)
        assert give_password(Client()).status_code == 302
        assert browser.post(link).status_code == 404
        work()
        assert subjects_to(EMAIL)[-1] == "Het is gestopt: uw account is niet veranderd"
        (line,) = lines(EventKind.RECOVERY_CANCELLED)
        assert "user" not in internal(line)

    def test_stops_it_while_it_waits(
        self, officer: Client, second: Client, enrolled: Enrolled, clock: time_machine.Traveller
    ) -> None:
        approve(second, opened(officer))
        link = link_to(EMAIL)
        clock.move_to(OVER - timedelta(seconds=1), tick=False)

        assert Client().post(link).status_code == 302
        assert not finish_cases(at=OVER)

    def test_comes_too_late_when_it_is_done(
        self, officer: Client, second: Client, enrolled: Enrolled
    ) -> None:
        case = opened(officer)
        link = link_to(EMAIL)
        RecoveryCase.objects.filter(pk=case.pk).update(done_at=NOW)

        assert Client().post(link).status_code == 404


class TestOffice:
    def test_stops_a_case(self, officer: Client, second: Client, enrolled: Enrolled) -> None:
        case = opened(officer)

        texts = [second.post(f"{PAGE}{case.pk}/stoppen/", follow=True).text for _ in range(2)]

        assert "De zaak is gestopt" in texts[0]
        assert "Het was al klaar" in texts[1]
        assert "Is gestopt" in officer.get(PAGE).text

    def test_shows_how_far_each_is(
        self, officer: Client, second: Client, enrolled: Enrolled
    ) -> None:
        assert "Er zijn geen zaken" in officer.get(PAGE).text
        case = opened(officer)
        assert "Wacht op een collega" in second.get(PAGE).text
        approve(second, case)
        assert "Wacht drie dagen" in second.get(PAGE).text
        finish_cases(at=OVER)
        text = second.get(PAGE).text
        assert "Klaar" in text
        assert "VW-0000001" in text

    def test_opens_one_case_at_a_time(self, officer: Client, enrolled: Enrolled) -> None:
        opened(officer)
        form = {"reference": "VW-0000001", "evidence": "video"}

        assert "Er is al een zaak" in officer.post(PAGE, form, follow=True).text

    def test_opens_none_for_three_days_after_a_change_of_address(
        self, officer: Client, enrolled: Enrolled
    ) -> None:
        User.objects.update(recovery_blocked_until=OVER)
        form = {"reference": "VW-0000001", "evidence": "video"}

        assert "nog geen drie dagen geleden" in officer.post(PAGE, form, follow=True).text
        assert not RecoveryCase.objects.exists()

    def test_opens_none_for_nobody(self, officer: Client, enrolled: Enrolled) -> None:
        factories.make_subject("VW-0000009")

        for reference in ("VW-0000009", "VW-9", ""):
            answer = officer.post(PAGE, {"reference": reference, "evidence": "desk"})
            assert answer.status_code == 422
        answer = officer.post(PAGE, {"reference": "VW-0000001", "evidence": "kopie"})
        assert answer.status_code == 422
        assert not RecoveryCase.objects.exists()

    def test_approves_only_what_waits(
        self, officer: Client, second: Client, enrolled: Enrolled
    ) -> None:
        case = opened(officer)
        texts = [approve(second, case) for _ in range(2)]

        assert "Er was niets meer" in texts[1]
        nobody = case.pk.int + 1
        address = f"{PAGE}{type(case.pk)(int=nobody)!s}/goedkeuren/"
        assert second.post(address).status_code == 404


class TestEmployee:
    """An employee is helped by two administrators, and begins anew with an invitation."""

    @pytest.fixture
    def admins(self, clock: object) -> list[Client]:
        return [
            client_of(factories.make_user(f"{name}@vechtwater.example", role=Role.ADMIN))
            for name in ("ada", "bob")
        ]

    def test_is_helped_by_two_administrators(
        self, admins: list[Client], enrolled_officer: Enrolled, clock: time_machine.Traveller
    ) -> None:
        first, other = admins
        user = enrolled_officer.user
        first.post(f"/kantoor/medewerkers/{user.pk}/herstel/")
        case = RecoveryCase.objects.get()
        address = f"/kantoor/medewerkers/herstel/{case.pk}/"
        assert "niet wie de zaak opende" in first.post(f"{address}goedkeuren/", follow=True).text
        assert "Wacht op een collega" in other.get("/kantoor/medewerkers/").text
        assert "drie dagen" in other.post(f"{address}goedkeuren/", follow=True).text
        clock.move_to(OVER, tick=False)
        tasks.finish_recoveries()

        assert give_password(Client(), email=OFFICER_EMAIL).status_code == 422
        assert letters() == []
        link = link_of_the_invitation()
        assert Client().post(link, {"password": NEW_PASSWORD}).status_code == 302
        answer = give_password(Client(), email=OFFICER_EMAIL, password=NEW_PASSWORD)
        assert answer.headers["Location"] == "/inloggen/instellen/#inhoud"
        assert User.objects.filter(role=Role.OFFICER).count() == 1

    def test_is_helped_by_nobody_else(
        self,
        admins: list[Client],
        enrolled_officer: Enrolled,
        enrolled: Enrolled,
        officer: Client,
        second: Client,
    ) -> None:
        first, _ = admins
        customer = opened(officer)
        address = f"/kantoor/medewerkers/herstel/{customer.pk}/"
        assert first.post(f"{address}goedkeuren/").status_code == 404
        assert first.post(f"/kantoor/medewerkers/{enrolled.user.pk}/herstel/").status_code == 404

        RecoveryCase.objects.all().delete()
        first.post(f"/kantoor/medewerkers/{enrolled_officer.user.pk}/herstel/")
        case = RecoveryCase.objects.get()
        assert second.post(f"{PAGE}{case.pk}/goedkeuren/").status_code == 404
        assert (
            "gestopt"
            in first.post(f"/kantoor/medewerkers/herstel/{case.pk}/stoppen/", follow=True).text
        )

    def test_opens_and_approves_no_case_of_his_own(
        self, admins: list[Client], enrolled_officer: Enrolled, clock: object
    ) -> None:
        ada = User.objects.filter(role=Role.ADMIN).order_by("created_at", "pk")[0]
        browser = client_of(ada)
        text = browser.post(f"/kantoor/medewerkers/{ada.pk}/herstel/", follow=True).text
        assert "Voor uw eigen account" in text

        bob = User.objects.filter(role=Role.ADMIN).exclude(pk=ada.pk).get()
        case = open_case(user=ada, evidence=RecoveryCase.Evidence.IN_PERSON, by=bob, at=NOW)
        with pytest.raises(SameOfficerError):
            approve_case(case_id=case.pk, by=ada, at=NOW)
