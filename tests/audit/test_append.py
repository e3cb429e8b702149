from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit import keyring, operations
from audit.canonical import CanonicalError
from audit.events import EventKind
from audit.leaf import SHOWN, check_commitment, parse_leaf, subject_tag
from audit.models import Key, LogEntry, Payload, PendingEntry
from audit.queries import ROWS, opened
from tests.audit.builders import ANNA, BRAM, NOW, an_event, append, remembered_keys

pytestmark = pytest.mark.django_db


class TestAppend:
    def test_stores_an_entry_its_payload_and_its_place_in_the_queue(self) -> None:
        entry = append(an_event(recipient="meetdienst", outcome="permitted"))

        stored = LogEntry.objects.get()
        assert stored.pk == entry.pk
        assert (stored.uid, stored.kind, stored.actor) == (entry.uid, entry.kind, "data-subject")
        assert stored.at == NOW.replace(microsecond=0)
        assert PendingEntry.objects.get().entry_id == entry.pk
        payload = Payload.objects.get()
        assert payload.entry_id == entry.pk
        assert (payload.purpose, payload.data_category) == ("lekwaarschuwing", "usage")
        assert (payload.recipient, payload.outcome) == ("meetdienst", "permitted")

    def test_hashes_no_word_of_what_happened_to_whom(self) -> None:
        leaf = bytes(append(an_event(shown={"recipient_name": "Meetdienst"})).leaf)

        assert b"Meetdienst" not in leaf
        assert b"lekwaarschuwing" not in leaf
        assert str(ANNA).encode() not in leaf

    def test_tags_the_entry_so_that_only_the_key_of_the_data_subject_finds_it(self) -> None:
        leaf = parse_leaf(bytes(append(an_event()).leaf))
        anna, bram = (keyring.living_key(owner_id=owner, at=NOW) for owner in (ANNA, BRAM))

        tags = [subject_tag(tag_key=keyring.tag_key(key), uid=leaf.uid) for key in (anna, bram)]

        assert tags[0] == leaf.subject_tag
        assert tags[1] != leaf.subject_tag

    def test_commits_to_what_it_seals(self) -> None:
        append(an_event(shown={"notice": 3}))
        entry = ROWS.get()
        part = opened(entry, SHOWN)

        assert part is not None
        assert part.payload == (b'{"dataCategory":"usage","notice":3,"purpose":"lekwaarschuwing"}')
        leaf = parse_leaf(bytes(entry.leaf))
        check_commitment(
            committed=leaf.shown,
            part=SHOWN,
            uid=leaf.uid,
            opening=part.opening,
            payload=part.payload,
        )

    def test_puts_the_codes_in_the_internal_part_when_there_is_no_data_subject(self) -> None:
        append(an_event(kind=EventKind.LOG_READ, subject_id=None, internal={"user": "7"}))

        payload = Payload.objects.get()
        assert (payload.subject_key_id, payload.subject_part) == (None, None)
        assert parse_leaf(bytes(LogEntry.objects.get().leaf)).shown == b""

    @pytest.mark.parametrize("subject_id", [ANNA, None])
    def test_costs_two_queries_on_sqlite_and_one_on_postgresql(
        self, subject_id: UUID | None
    ) -> None:
        event = an_event(subject_id=subject_id)

        with remembered_keys(ANNA), CaptureQueriesContext(connection) as queries:
            operations.append(event)

        assert len(queries) == (1 if connection.vendor == "postgresql" else 2)

    def test_takes_a_key_that_the_caller_has_at_hand(self) -> None:
        key = keyring.living_key(owner_id=ANNA, at=NOW)

        operations.append(an_event(), key=key)

        assert Payload.objects.get().subject_key == key

    def test_refuses_the_key_of_someone_else(self) -> None:
        key = keyring.living_key(owner_id=BRAM, at=NOW)

        with pytest.raises(ValueError, match="not the key of the data subject"):
            operations.append(an_event(), key=key)

    def test_ignores_a_key_when_there_is_no_data_subject(self) -> None:
        operations.append(an_event(subject_id=None), key=keyring.living_key(owner_id=ANNA, at=NOW))

        assert Payload.objects.get().subject_key is None

    def test_leaves_nothing_behind_when_the_transaction_is_rolled_back(self) -> None:
        with transaction.atomic():
            operations.append(an_event())
            transaction.set_rollback(True)

        for model in (LogEntry, Payload, PendingEntry, Key):
            assert not model._default_manager.exists()

    def test_leaves_nothing_behind_of_a_savepoint_that_is_rolled_back(self) -> None:
        with transaction.atomic():
            operations.append(an_event())
            with transaction.atomic():
                operations.append(an_event(subject_id=BRAM))
                transaction.set_rollback(True)
            again = operations.append(an_event(subject_id=BRAM))

        for model in (LogEntry, Payload, PendingEntry):
            assert model._default_manager.count() == 2
        assert Key.objects.filter(owner_id=BRAM).count() == 1
        payload = Payload.objects.get(entry=again)
        assert keyring.living_key(owner_id=BRAM, at=NOW).pk == payload.subject_key_id

    def test_fails_whole_when_another_process_destroyed_the_key(self) -> None:
        with remembered_keys(ANNA):
            key = keyring.living_key(owner_id=ANNA, at=NOW)
            Key.objects.filter(pk=key.pk).update(destroyed_at=NOW, wrapped=None)

            with pytest.raises(IntegrityError), transaction.atomic():
                operations.append(an_event())
            append(an_event())

        assert Payload.objects.get().subject_key_id != key.pk

    @pytest.mark.parametrize("value", [1.5, 2**60, "\ud800", {1: 2}])
    def test_refuses_what_the_log_cannot_hold(self, value: object) -> None:
        with pytest.raises(CanonicalError):
            append(an_event(shown={"what": value}))  # type: ignore[dict-item]

    def test_keeps_the_order_of_one_transaction(self) -> None:
        with transaction.atomic():
            ids = [operations.append(an_event()).pk for _ in range(3)]

        assert ids == sorted(ids)


class TestEvent:
    def test_refuses_a_time_without_a_time_zone(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            an_event(at=datetime(2026, 11, 24))  # noqa: DTZ001

    def test_refuses_something_to_show_to_nobody(self) -> None:
        with pytest.raises(ValueError, match="nobody to show"):
            an_event(subject_id=None, shown={"a": 1})

    def test_refuses_a_code_that_one_of_the_databases_would_cut_off(self) -> None:
        with pytest.raises(ValueError, match="at most 16"):
            an_event(outcome="x" * 17)

    def test_refuses_two_truths_about_one_code(self) -> None:
        with pytest.raises(ValueError, match="two different things"):
            append(an_event(shown={"purpose": "other"}))


def test_an_event_of_another_zone_is_logged_in_utc() -> None:
    amsterdam = NOW.astimezone(tz=datetime.fromisoformat("2026-11-24T00:00:00+01:00").tzinfo)

    assert parse_leaf(bytes(append(an_event(at=amsterdam)).leaf)).at == NOW.replace(microsecond=0)


def test_months_have_keys_of_their_own() -> None:
    append(an_event())
    append(an_event(at=NOW + timedelta(days=31), subject_id=uuid4()))

    assert Key.objects.filter(kind=Key.Kind.MONTH).count() == 2
