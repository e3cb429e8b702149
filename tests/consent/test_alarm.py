"""A log that is not well shows so at the top of every page of the office, and of no other."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from accounts.models import DataSubject, ServiceClient, User
from audit.models import VerificationRun
from consent.officer import wording
from tests.test_role_matrix import MATRIX, ON
from tests.visitors import client_of, words

pytestmark = pytest.mark.django_db
PAGES = [
    name
    for name, row in MATRIX.items()
    if reverse(name, args=row.arguments).startswith("/kantoor/")
    and row.method == "get"
    and row.officer in {200, ON}
]
ALARM = "Er is iets mis met het logboek."


@pytest.fixture
def office(carla: User, lekdetectie: ServiceClient) -> Client:
    return client_of(carla)


def run(*, faults: int) -> None:
    VerificationRun.objects.create(
        started_at=timezone.now(),
        finished_at=timezone.now(),
        counted=9,
        faults=faults,
        first_fault="Table audit_leaf, index 4, column hash: it is <not> that." if faults else "",
        root=bytes(32),
    )


class TestAlarm:
    @pytest.mark.parametrize("name", PAGES)
    def test_stands_at_the_top_of_every_page_of_the_office(self, office: Client, name: str) -> None:
        run(faults=1)

        page = office.get(reverse(name, args=MATRIX[name].arguments), follow=True)

        assert page.status_code == 200
        text = words(page.text.partition("<main")[0])
        assert ALARM in text
        assert page.text.index('class="alarm"') < page.text.index("<main")
        assert "Het logboek is nagerekend, en het klopt niet." in text
        assert "Waarschuw daarna de beveiligingsfunctionaris." in text
        assert "index 4, column hash: it is <not> that." in text

    def test_ends_with_a_run_that_finds_nothing(self, office: Client) -> None:
        run(faults=1)
        run(faults=0)

        assert ALARM not in office.get(reverse("log")).text

    def test_tells_of_triggers_that_are_gone(self, office: Client) -> None:
        with transaction.atomic():
            place = " ON audit_leaf" if connection.vendor == "postgresql" else ""
            connection.cursor().execute(f"DROP TRIGGER audit_leaf_refuses_update{place}")
            text = words(office.get(reverse("log")).text)
            transaction.set_rollback(True)

        assert "De database houdt wijzigingen in het logboek niet meer tegen." in text
        assert "audit_leaf_refuses_update" in text

    def test_asks_for_the_operator_when_nothing_was_changed(self, office: Client) -> None:
        long_ago = timezone.now() - timedelta(days=9)
        VerificationRun.objects.create(
            started_at=long_ago, finished_at=long_ago, counted=0, root=bytes(32)
        )

        text = words(office.get(reverse("log")).text)

        assert f"{ALARM} Waarschuw de beheerder van dit systeem." in text
        assert "Het logboek is al meer dan drie dagen niet nagerekend." in text

    def test_is_not_for_customers(self, anna: DataSubject, lekdetectie: ServiceClient) -> None:
        run(faults=1)
        assert anna.user is not None

        assert ALARM not in client_of(anna.user).get(reverse("my-data")).text
        assert ALARM not in Client().get(reverse("home")).text

    def test_has_words_for_everything_that_can_be_wrong(self) -> None:
        with override("en"):
            for name, state in wording.ALARMS:
                assert wording.alarm(name=name, state=state).endswith(".")


def test_the_pages_of_the_office_are_known() -> None:
    assert {"office", "log"} <= set(PAGES)
