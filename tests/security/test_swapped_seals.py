"""Whoever can write in the database puts nobody's data on another's page, and is noticed (T5)."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models import DataSubject, TotpDevice, User
from audit import keyring
from audit.events import EventKind
from audit.models import LogEntry
from config.process_log import Formatter
from consent.models import DataCategory, HeldItem, Purpose
from consent.queries.holdings import held_context
from tests import factories
from tests.accounts.steps import enrol, give_password, user_of
from tests.factories import NOW
from tests.visitors import client_of

pytestmark = pytest.mark.django_db
SECRET = "NL69 NEPB 0123 4567 89"


@pytest.fixture
def moved(anna: DataSubject, bram: DataSubject, leak_warning: Purpose, usage: DataCategory) -> None:
    """The bank number of Bram, in the row of the one of Anna."""
    item = factories.make_item(usage, "rekeningnummer")
    rows = []
    for subject in (anna, bram):
        row = HeldItem(subject=subject, item=item, source_id=item.source_id, obtained_on=NOW.date())
        row.value_sealed = keyring.seal(
            key=subject.key, plaintext=SECRET.encode(), context=held_context(row.id)
        )
        row.save()
        rows.append(row)
    HeldItem.objects.filter(pk=rows[0].pk).update(value_sealed=rows[1].value_sealed)


def browser(subject: DataSubject) -> Client:
    client = client_of(user_of(subject))
    client.raise_request_exception = False
    return client


def alarms() -> list[LogEntry]:
    return list(LogEntry.objects.filter(kind=EventKind.SEAL_BROKEN))


class TestSwappedValue:
    def test_is_shown_to_nobody(
        self, moved: None, anna: DataSubject, bram: DataSubject, caplog: pytest.LogCaptureFixture
    ) -> None:
        answer = browser(anna).get("/mijn-gegevens/")

        assert answer.status_code == 500
        text = answer.content.decode()
        assert SECRET not in text
        assert "Bakker" not in text
        assert "Er ging iets mis" in text
        shown = Formatter("{message}", style="{")
        said = "\n".join(shown.format(one) for one in caplog.records)
        assert "SealBrokenError: The sealed bytes do not belong to this key and place." in said
        assert SECRET not in said
        assert browser(bram).get("/mijn-gegevens/").status_code == 200

    def test_is_an_alarm_in_the_log_once_an_hour(self, moved: None, anna: DataSubject) -> None:
        with time_machine.travel(NOW, tick=False) as clock:
            for _ in range(3):
                browser(anna).get("/mijn-gegevens/")
            assert len(alarms()) == 1
            clock.shift(timedelta(hours=1))
            browser(anna).get("/mijn-gegevens/")

        assert len(alarms()) == 2

    def test_is_told_to_officers_in_words(
        self, moved: None, anna: DataSubject, carla: User
    ) -> None:
        browser(anna).get("/mijn-gegevens/")

        (alarm,) = alarms()
        page = client_of(carla).get(f"/kantoor/logboek/{alarm.uid}/").content.decode()

        assert "Verzegelde gegevens zijn verplaatst of veranderd" in page
        assert "mijn-gegevens/" in page

    def test_of_another_fault_is_no_alarm(self) -> None:
        client = Client(raise_request_exception=False)

        assert client.get("/nergens/").status_code == 404
        assert alarms() == []


class TestSwappedName:
    def test_is_shown_to_nobody(
        self, anna: DataSubject, bram: DataSubject, leak_warning: Purpose
    ) -> None:
        DataSubject.objects.filter(pk=anna.pk).update(name_sealed=bram.name_sealed)

        answer = browser(anna).get("/mijn-gegevens/")

        assert answer.status_code == 500
        assert "Bakker" not in answer.content.decode()
        assert len(alarms()) == 1


class TestSwappedSecret:
    def test_lets_nobody_in_with_the_app_of_another(
        self, anna: DataSubject, bram: DataSubject, leak_warning: Purpose
    ) -> None:
        """Mallory has an account, writes his own secret into the row of Anna, and knows her password."""
        with time_machine.travel(NOW, tick=False):
            enrol(user_of(anna))
            mallory = enrol(user_of(bram))
            hers, his = (
                TotpDevice.objects.get(user=user_of(one), confirmed=True) for one in (anna, bram)
            )
            TotpDevice.objects.filter(pk=hers.pk).update(secret_sealed=his.secret_sealed)
            client = Client(raise_request_exception=False)
            give_password(client)

            answer = client.post("/inloggen/code/", {"code": mallory.code(NOW)})

        assert answer.status_code == 500
        assert not client.get("/").wsgi_request.user.is_authenticated
        assert len(alarms()) == 1
