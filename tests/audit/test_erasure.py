"""The destruction of a key: an event in the log, in the same transaction, or it did not happen."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from audit import keyring, operations, queries
from audit.events import Actor, EventKind
from audit.models import Erasure, Key, LogEntry
from tests.audit.builders import ANNA, NOW, an_event, append

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(days=30)


@pytest.fixture
def key() -> Key:
    append(an_event())
    return keyring.living_key(owner_id=ANNA, at=NOW)


class TestDestroyKey:
    def test_erases_what_the_key_sealed(self, key: Key) -> None:
        sealed = keyring.seal(key=key, plaintext=b"Anna", context="name")

        operations.destroy_key(key=key, at=LATER)

        key.refresh_from_db()
        assert (key.wrapped, key.destroyed_at) == (None, LATER)
        with pytest.raises(keyring.KeyDestroyedError):
            keyring.open_sealed(key=key, sealed=sealed, context="name")

    def test_is_a_line_in_the_log_that_names_the_key_and_nobody(self, key: Key) -> None:
        operations.destroy_key(key=key, at=LATER, actor=Actor.OFFICER)

        line = queries.entries(filter=queries.EntryFilter(), before=None, limit=1)[0]
        assert (line.kind, line.actor) == (EventKind.KEY_DESTROYED, Actor.OFFICER)
        assert (line.subject_id, line.shown) == (None, {})
        named = {"key": str(key.pk), "kind": "owner", "month": ""}
        assert line.internal == named | {"entries": 1, "request": ""}
        erasure = Erasure.objects.get()
        assert (erasure.key, erasure.kind, erasure.at) == (key, "owner", LATER)
        assert erasure.entry.uid == line.uid

    def test_of_a_month_names_the_month(self, key: Key) -> None:
        month = keyring.month_key(at=NOW)

        operations.destroy_key(key=month, at=LATER)

        line = queries.entries(filter=queries.EntryFilter(), before=None, limit=1)[0]
        named = {"key": str(month.pk), "kind": "month", "month": "2026-11"}
        assert line.internal == named | {"entries": 1, "request": ""}

    def test_is_harmless_the_second_time(self, key: Key) -> None:
        operations.destroy_key(key=key, at=NOW)
        operations.destroy_key(key=key, at=LATER)

        assert Erasure.objects.get().at == NOW
        assert LogEntry.objects.filter(kind=EventKind.KEY_DESTROYED).count() == 1

    @pytest.mark.parametrize("days", [0, 30])
    def test_of_a_month_that_is_not_over_is_refused(self, key: Key, days: int) -> None:
        month = keyring.month_key(at=NOW + timedelta(days=days))

        with pytest.raises(operations.MonthNotOverError):
            operations.destroy_key(key=month, at=NOW)

        month.refresh_from_db()
        assert month.destroyed_at is None
        assert not Erasure.objects.exists()

    def test_happens_whole_or_not_at_all(self, key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(**_later: object) -> None:
            raise IntegrityError

        monkeypatch.setattr(keyring, "destroy", fail)

        with pytest.raises(IntegrityError), transaction.atomic():
            operations.destroy_key(key=key, at=NOW)

        assert not Erasure.objects.exists()
        assert not LogEntry.objects.filter(kind=EventKind.KEY_DESTROYED).exists()
