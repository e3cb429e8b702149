"""A number that is hidden otherwise is shown to its owner: after a fresh second factor, and with a line in the log."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import DataSubject, User
from audit import keyring
from audit import queries as log
from audit.events import EventKind
from consent.models import DataCategory, HeldItem
from consent.queries.holdings import held_context
from tests import factories
from tests.accounts.steps import user_of
from tests.factories import NOW
from tests.visitors import client_of, words

pytestmark = pytest.mark.django_db

IBAN = "NL02 ABNA 0123 4567 89"
Hold = Callable[..., HeldItem]


@pytest.fixture
def hold(usage: DataCategory) -> Hold:
    factories.make_organisation()

    def held(subject: DataSubject, *, is_masked: bool = True) -> HeldItem:
        item = factories.make_item(usage, f"item-{is_masked}".lower(), is_masked=is_masked)
        row = HeldItem(subject=subject, item=item, source=item.source, obtained_on=NOW.date())
        row.value_sealed = keyring.seal(
            key=subject.key, plaintext=IBAN.encode(), context=held_context(row.id)
        )
        row.save()
        return row

    return held


def lines() -> list[log.EntryView]:
    kept = log.EntryFilter(kind=EventKind.VALUE_SHOWN)
    return log.entries(filter=kept, before=None, limit=9)


class TestHiddenNumber:
    def test_is_masked_until_it_is_asked_for(self, anna: DataSubject, hold: Hold) -> None:
        row = hold(anna)

        page = client_of(user_of(anna)).get("/mijn-gegevens/").content.decode()

        assert IBAN not in page
        assert f'action="/mijn-gegevens/{row.pk}/tonen/"' in page

    def test_is_shown_in_full_for_a_minute(self, anna: DataSubject, hold: Hold) -> None:
        row = hold(anna)

        answer = client_of(user_of(anna)).post(f"/mijn-gegevens/{row.pk}/tonen/")

        page = answer.content.decode()
        assert f">{IBAN}</p>" in page
        assert 'data-seconds="60"' in page
        assert '<meta http-equiv="refresh" content="60;url=/mijn-gegevens/">' in page
        assert answer.headers["Cache-Control"] == "no-store"

    def test_that_was_looked_at_is_seen_by_its_owner(self, anna: DataSubject, hold: Hold) -> None:
        client = client_of(user_of(anna))

        client.post(f"/mijn-gegevens/{hold(anna).pk}/tonen/")

        (line,) = lines()
        assert line.subject_id == anna.id
        assert line.shown == {"item": "item-true", "dataCategory": "usage"}
        assert IBAN not in str(line)
        text = words(client.get("/wie-keek/").content.decode())
        assert "bekeek een heel nummer: Soort usage." in text

    def test_asks_for_a_fresh_second_factor(self, anna: DataSubject, hold: Hold) -> None:
        row, at = hold(anna), timezone.now()
        client = client_of(user_of(anna))

        with time_machine.travel(at + timedelta(minutes=11), tick=False):
            answer = client.post(f"/mijn-gegevens/{row.pk}/tonen/")

        assert answer.headers["Location"] == "/bevestigen/?next=%2Fmijn-gegevens%2F#inhoud"
        assert lines() == []

    def test_is_shown_to_nobody_else(
        self, anna: DataSubject, bram: DataSubject, carla: User, hold: Hold
    ) -> None:
        row = hold(anna)

        for user in (user_of(bram), carla):
            answer = client_of(user).post(f"/mijn-gegevens/{row.pk}/tonen/")
            assert answer.status_code == 404
        assert lines() == []

    def test_is_never_shown_by_an_address_alone(self, anna: DataSubject, hold: Hold) -> None:
        answer = client_of(user_of(anna)).get(f"/mijn-gegevens/{hold(anna).pk}/tonen/")

        assert answer.status_code == 405

    def test_is_one_that_is_hidden(self, anna: DataSubject, hold: Hold) -> None:
        row = hold(anna, is_masked=False)
        client = client_of(user_of(anna))

        assert IBAN in client.get("/mijn-gegevens/").content.decode()
        assert client.post(f"/mijn-gegevens/{row.pk}/tonen/").status_code == 404
