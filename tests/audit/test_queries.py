from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from audit import keyring, operations, queries
from audit.events import Actor, EventKind
from audit.merkle import EMPTY_ROOT, leaf_hash
from audit.models import LogEntry, Payload
from audit.queries import EntryFilter
from tests.audit.builders import (
    ANNA,
    BRAM,
    NOW,
    an_event,
    append,
    lifted_triggers,
    log_of,
    verified,
)

pytestmark = pytest.mark.django_db

EVERYTHING = EntryFilter()
CHOICES = [EventKind.CONSENT_GIVEN, EventKind.CONSENT_WITHDRAWN]


def found(filter_: EntryFilter) -> list[int]:
    views = queries.entries(filter=filter_, before=None, limit=100)
    assert queries.count(filter_) == len(views)
    return [view.id for view in views]


class TestEntries:
    def test_are_opened(self) -> None:
        entry = append(
            an_event(shown={"notice": 3}, internal={"user": "7"}, outcome="given", recipient="r")
        )
        operations.settle(at=NOW)

        (view,) = queries.entries(filter=EVERYTHING, before=None, limit=1)

        assert (view.id, view.uid, view.index) == (entry.pk, entry.uid, 0)
        assert (view.kind, view.actor) == (EventKind.CONSENT_GIVEN, Actor.DATA_SUBJECT)
        assert (view.subject_id, view.at) == (ANNA, NOW.replace(microsecond=0))
        assert view.shown == {
            "notice": 3,
            "purpose": "lekwaarschuwing",
            "dataCategory": "usage",
            "outcome": "given",
            "recipient": "r",
        }
        assert view.internal == {"user": "7"}
        assert (view.purpose, view.data_category) == ("lekwaarschuwing", "usage")
        assert (view.outcome, view.recipient) == ("given", "r")
        assert view.leaf_hash == leaf_hash(bytes(entry.leaf))
        assert not view.is_damaged

    def test_without_a_data_subject_show_nothing_and_keep_their_codes_inside(self) -> None:
        append(an_event(subject_id=None, internal={"user": "7"}))

        (view,) = queries.entries(filter=EVERYTHING, before=None, limit=1)

        assert (view.subject_id, view.shown, view.index) == (None, {}, None)
        assert view.purpose == "lekwaarschuwing"

    def test_come_newest_first_page_by_page(self) -> None:
        ids = [append(an_event()).pk for _ in range(5)]

        first = queries.entries(filter=EVERYTHING, before=None, limit=2)
        second = queries.entries(filter=EVERYTHING, before=first[-1].id, limit=2)

        assert [view.id for view in first + second] == ids[:0:-1]

    @pytest.mark.parametrize("size", [1, 9])
    def test_cost_one_query_however_many(
        self, size: int, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        log_of(size)

        with django_assert_num_queries(1):
            assert len(queries.entries(filter=EVERYTHING, before=None, limit=50)) == size

    def test_are_narrowed_by_each_part_of_the_filter(self) -> None:
        early = append(an_event(at=NOW - timedelta(days=1), purpose="early")).pk
        bram = append(an_event(subject_id=BRAM, recipient="meetdienst", outcome="refused")).pk
        read = append(an_event(kind=EventKind.LOG_READ, subject_id=None, purpose="")).pk

        assert found(EVERYTHING) == [read, bram, early]
        assert found(EntryFilter(since=NOW.replace(microsecond=0))) == [read, bram]
        assert found(EntryFilter(until=NOW.replace(microsecond=0))) == [early]
        assert found(EntryFilter(kind=EventKind.LOG_READ)) == [read]
        assert found(EntryFilter(kinds=frozenset({EventKind.CONSENT_GIVEN}))) == [bram, early]
        assert found(EntryFilter(purpose="early")) == [early]
        assert found(EntryFilter(recipient="meetdienst")) == [bram]
        assert found(EntryFilter(outcome="refused")) == [bram]
        assert found(EntryFilter(subject_id=BRAM)) == [bram]
        assert found(EntryFilter(subject_id=BRAM, purpose="early")) == []

    def test_are_found_by_data_subject_under_every_key_that_this_one_had(self) -> None:
        erased = append(an_event())
        keyring.destroy(key=keyring.living_key(owner_id=ANNA, at=NOW), at=NOW)
        later = append(an_event())

        views = queries.entries(filter=EntryFilter(subject_id=ANNA), before=None, limit=9)

        assert [view.id for view in views] == [later.pk, erased.pk]
        assert [view.shown is None for view in views] == [False, True]
        assert views[1].internal == {"channel": "portal"}
        assert (views[1].purpose, views[1].is_damaged) == ("", False)

    def test_are_erased_whole_when_the_key_of_the_month_is_destroyed_too(self) -> None:
        append(an_event(subject_id=None))
        keyring.destroy(key=keyring.month_key(at=NOW), at=NOW)

        (view,) = queries.entries(filter=EVERYTHING, before=None, limit=1)
        assert (view.internal, view.is_damaged) == (None, False)

        Payload.objects.all().delete()

        (view,) = queries.entries(filter=EVERYTHING, before=None, limit=1)
        assert (view.internal, view.is_damaged) == (None, False)

    def test_say_so_when_someone_damaged_them(self) -> None:
        append(an_event())

        with lifted_triggers():
            Payload.objects.update(subject_part=b"damaged")
            (view,) = queries.entries(filter=EVERYTHING, before=None, limit=1)

        assert (view.is_damaged, view.shown) == (True, None)

    def test_of_a_kind_or_an_actor_that_is_no_longer_known_are_shown_as_they_are(self) -> None:
        append(an_event())

        with lifted_triggers():
            LogEntry.objects.update(kind="consent.record.retired", actor="robot")
            (view,) = queries.entries(filter=EVERYTHING, before=None, limit=1)

        assert (view.kind, view.actor) == ("consent.record.retired", "robot")


class TestFilter:
    def test_says_only_what_narrows(self) -> None:
        narrow = EntryFilter(
            since=NOW, kind=EventKind.LOG_READ, kinds=frozenset({"b", "a"}), subject_id=ANNA
        )

        assert EVERYTHING.to_json() == {}
        assert narrow.to_json() == {
            "since": "2026-11-24T09:30:15.123456+00:00",
            "kind": "log.entries.read",
            "kinds": ["a", "b"],
            "subject": str(ANNA),
        }


class TestLastPerCategory:
    def test_are_the_newest_per_data_category(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        append(an_event(data_category="usage"))
        usage = append(an_event(data_category="usage")).pk
        history = append(an_event(data_category="history")).pk
        append(an_event(data_category=""))
        append(an_event(data_category="usage", subject_id=BRAM))
        append(an_event(data_category="usage", kind=EventKind.SIGNED_IN))

        with django_assert_num_queries(2):
            last = queries.last_about_per_category(subject_id=ANNA, kinds=CHOICES)

        assert {name: view.id for name, view in last.items()} == {
            "usage": usage,
            "history": history,
        }


class TestHead:
    def test_of_a_new_log_is_empty(self) -> None:
        head = queries.head()

        assert (head.size, head.root, head.pending) == (0, EMPTY_ROOT, 0)
        assert (head.checkpoint_size, head.checkpoint_at) == (None, None)
        assert queries.last_run() is None

    def test_says_what_is_signed_and_what_waits(self) -> None:
        log_of(3)
        append(an_event())

        head = queries.head()

        assert (head.size, head.pending) == (3, 1)
        assert (head.checkpoint_size, head.checkpoint_at) == (3, NOW)

    def test_knows_the_last_verification(self) -> None:
        verified()
        last = verified()

        assert queries.last_run() == last
