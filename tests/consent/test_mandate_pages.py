"""The pages where mandates are given, accepted, ended and recorded."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import throttle
from accounts.models import DataSubject, Mandate, User
from accounts.vocabulary import Permission
from consent.models import Purpose
from tests.accounts.steps import user_of
from tests.visitors import client_of, mandate_between, words

pytestmark = pytest.mark.django_db

MANDATES, GIVE, ACCEPT = "/machtigingen/", "/machtigingen/geven/", "/machtigingen/accepteren/"
OFFICE = "/kantoor/machtigingen/"
GIVEN = {"klant": "VW-0000002", "duur": "30", "mag": ["withdraw"]}
LEGAL = {
    "voor": "VW-0000001",
    "door": "VW-0000002",
    "grond": "curator",
    "bewijs": "court-order",
    "mag": ["withdraw", "grant"],
}


@pytest.fixture
def hers(anna: DataSubject, leak_warning: Purpose) -> Client:
    return client_of(user_of(anna))


@pytest.fixture
def his(bram: DataSubject, leak_warning: Purpose) -> Client:
    return client_of(user_of(bram))


@pytest.fixture
def office(carla: User, leak_warning: Purpose) -> Client:
    return client_of(carla)


def code_on(text: str) -> str:
    found = re.search(r"<strong>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})</strong>", text)
    assert found
    return found[1]


class TestGiving:
    def test_from_the_form_to_acting(self, hers: Client, his: Client) -> None:
        assert "Niemand kan voor u handelen." in words(hers.get(MANDATES).text)
        code = code_on(hers.post(GIVE, GIVEN).text)
        assert "Nog niet aangenomen" in words(hers.get(MANDATES).text)

        assert his.post(ACCEPT, {"code": code})["Location"] == MANDATES

        mandate = Mandate.objects.get()
        assert set(mandate.permissions) == {Permission.VIEW, Permission.WITHDRAW}
        assert "De heer B. Bakker" in words(hers.get(MANDATES).text)
        assert "Mevrouw A. Jansen" in words(his.get(MANDATES).text)
        answer = his.post(f"{MANDATES}{mandate.pk}/gebruiken/")
        assert answer["Location"] == "/mijn-gegevens/#inhoud"

    def test_shows_the_code_once(self, hers: Client) -> None:
        code = code_on(hers.post(GIVE, GIVEN).text)

        assert code not in hers.get(MANDATES).text
        assert not any(code.replace("-", "") in str(row) for row in Mandate.objects.values())

    def test_looks_the_same_for_a_number_that_nobody_has(self, hers: Client) -> None:
        known, unknown = (
            words(hers.post(GIVE, {**GIVEN, "klant": number}).text)
            for number in ("VW-0000002", "VW-9")
        )

        assert re.sub(r"[0-9A-Z]{4}-[0-9A-Z-]+", "", known) == re.sub(
            r"[0-9A-Z]{4}-[0-9A-Z-]+", "", unknown
        )

    def test_needs_a_number_and_a_time(self, hers: Client) -> None:
        answer = hers.post(GIVE, {"mag": ["grant"], "doel": ["lekwaarschuwing"]})

        assert answer.status_code == 422
        assert 'href="#id_klant"' in answer.text
        assert 'href="#id_duur"' in answer.text
        assert 'name="mag" value="grant" checked' in answer.text
        assert 'name="doel" value="lekwaarschuwing" checked' in answer.text
        assert not Mandate.objects.exists()

    def test_begins_with_looking_and_saying_no(self, hers: Client) -> None:
        text = hers.get(GIVE).text

        assert 'name="mag" value="withdraw" checked' in text
        assert 'name="mag" value="grant">' in text

    def test_keeps_the_limits(self, hers: Client) -> None:
        hers.post(GIVE, {**GIVEN, "doel": ["lekwaarschuwing"], "soort": ["usage", "household"]})

        mandate = Mandate.objects.get()
        assert (mandate.purposes, mandate.categories) == (
            ["lekwaarschuwing"],
            ["household", "usage"],
        )
        shown = words(hers.get(MANDATES).text)
        assert "Alleen voor title van lekwaarschuwing 1" in shown
        assert "Alleen over Soort household, Soort usage" in shown

    @pytest.mark.parametrize("url", [GIVE, ACCEPT])
    def test_asks_for_a_fresh_second_factor(self, hers: Client, url: str) -> None:
        session = hers.session
        session["proofs"] = []
        session.save()

        for answer in (hers.get(url), hers.post(url, GIVEN)):
            assert answer.headers["Location"].startswith("/bevestigen/?next=%2Fmachtigingen%2F")
        assert not Mandate.objects.exists()


class TestAccepting:
    def test_refuses_a_wrong_code_and_soon_every_code(self, hers: Client, his: Client) -> None:
        code = code_on(hers.post(GIVE, GIVEN).text)
        assert his.post(ACCEPT, {"code": ""}).status_code == 422
        for _ in range(throttle.MANDATE_CODES.most):
            answer = his.post(ACCEPT, {"code": "ABCD"})
            assert answer.status_code == 422
            assert "Deze code klopt niet" in words(answer.text)

        assert his.post(ACCEPT, {"code": code}).status_code == 429
        assert his.get(ACCEPT).status_code == 200


class TestEnding:
    def test_needs_no_second_factor(
        self, hers: Client, his: Client, anna: DataSubject, bram: DataSubject
    ) -> None:
        mandate = mandate_between(anna, bram)
        session = hers.session
        session["proofs"] = []
        session.save()

        answer = hers.post(f"{MANDATES}{mandate.pk}/beeindigen/", follow=True)

        assert "De machtiging is gestopt." in words(answer.text)
        assert "Gestopt" in words(his.get(MANDATES).text)

    def test_of_a_legal_one_is_for_the_office(
        self, hers: Client, office: Client, bram: DataSubject
    ) -> None:
        office.post(OFFICE, LEGAL)
        mandate = Mandate.objects.get()

        assert "volgt uit de wet" in words(hers.get(MANDATES).text)
        answer = hers.post(f"{MANDATES}{mandate.pk}/beeindigen/", follow=True)
        assert "Bel ons" in words(answer.text)
        mandate.refresh_from_db()
        assert mandate.revoked_at is None

        answer = office.post(f"{OFFICE}{mandate.pk}/beeindigen/", follow=True)
        assert "De machtiging is gestopt." in words(answer.text)

    def test_of_one_that_is_over_is_not_offered(
        self, hers: Client, anna: DataSubject, bram: DataSubject
    ) -> None:
        mandate_between(anna, bram)
        Mandate.objects.update(valid_until=timezone.now() - timedelta(seconds=1))

        shown = hers.get(MANDATES).text
        assert "Verlopen" in words(shown)
        assert "beeindigen" not in shown


class TestOffice:
    def test_writes_down_what_the_law_gives(
        self, office: Client, anna: DataSubject, bram: DataSubject
    ) -> None:
        answer = office.post(OFFICE, {**LEGAL, "einde": "2099-01-31"}, follow=True)

        shown = words(answer.text)
        assert "De machtiging is opgeschreven" in shown
        assert "Curator (Uitspraak van een rechter)" in shown
        assert "Jansen" not in shown
        mandate = Mandate.objects.get()
        assert mandate.valid_until is not None
        assert mandate.valid_until.isoformat() == "2099-01-31T23:00:00+00:00"
        assert (mandate.evidence, mandate.accepted_at is not None) == ("court-order", True)

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"voor": "VW-9"}, "voor"),
            ({"door": "VW-9"}, "door"),
            ({"door": "VW-0000001"}, "door"),
            ({"einde": "2020-01-01"}, "einde"),
            ({"einde": "9999-12-31"}, "einde"),
            ({"einde": "morgen"}, "einde"),
            ({"grond": "voluntary"}, "grond"),
            ({"bewijs": ""}, "bewijs"),
        ],
    )
    def test_says_what_is_wrong(
        self,
        office: Client,
        anna: DataSubject,
        bram: DataSubject,
        wrong: dict[str, str],
        field: str,
    ) -> None:
        answer = office.post(OFFICE, {**LEGAL, **wrong})

        assert answer.status_code == 422
        assert f'href="#id_{field}"' in answer.text
        assert not Mandate.objects.exists()

    def test_asks_for_a_fresh_second_factor_to_write(
        self, office: Client, anna: DataSubject, bram: DataSubject
    ) -> None:
        session = office.session
        session["proofs"] = []
        session.save()

        assert office.get(OFFICE).status_code == 200
        assert office.post(OFFICE, LEGAL)["Location"].startswith("/bevestigen/")
        assert not Mandate.objects.exists()
