"""What an administrator does with the systems that ask. Anna's data is never in sight."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts import jwk
from accounts.errors import NotAllowedError, ScopeError, TooManyKeysError
from accounts.models import ClientKey, PurposeRequest, Role, ServiceClient, User
from audit import queries as log
from audit.events import Actor, EventKind
from audit.models import LogEntry
from consent.errors import (
    ClientTakenError,
    KeyTakenError,
    PurposeAskedError,
    RequestDecidedError,
    SecondPersonError,
)
from consent.models import DataCategory, Purpose
from consent.operations import purpose_requests, services
from consent.operations.services import NotInRegisterError, PublicKey
from tests import factories
from tests.factories import NOW

Outcome = PurposeRequest.Outcome


@pytest.fixture
def admin(db: None) -> User:
    return factories.make_user("dirk@vechtwater.example", role=Role.ADMIN)


@pytest.fixture
def second(db: None) -> User:
    return factories.make_user("els@vechtwater.example", role=Role.ADMIN)


@pytest.fixture
def meter(leak_warning: Purpose, usage: DataCategory) -> Purpose:
    """Another purpose of the recipient, that lekdetectie may not ask about."""
    found = leak_warning.processings.select_related("recipient").first()
    assert found is not None
    return factories.make_purpose(
        "meterstand", categories={usage: True}, recipient=found.recipient, position=2
    )


def a_key(kid: str = "k1", *, days: int = 90) -> PublicKey:
    return PublicKey(
        kid=kid,
        jwk=jwk.make_pair("ES256").public,
        not_before=NOW,
        not_after=NOW + timedelta(days=days),
    )


def register(admin: User, **changes: Any) -> ServiceClient:
    facts = {
        "client_id": "meterdienst",
        "recipient": "storingsdienst",
        "scopes": ["consent:check"],
        "key": a_key(),
    }
    return services.register_client(admin=admin, at=NOW, **{**facts, **changes})


def lines() -> list[tuple[str, dict[str, Any]]]:
    """Return what the log says, oldest first, without who did it."""
    found = log.entries(filter=log.EntryFilter(), before=None, limit=99)
    said = []
    for line in reversed(found):
        assert line.actor == Actor.ADMIN
        assert (line.subject_id, line.shown) == (None, {})
        internal = dict(line.internal or {})
        assert User.objects.filter(pk=str(internal.pop("user")), role=Role.ADMIN).exists()
        assert internal.pop("recipient") == "storingsdienst"
        said.append((line.kind, internal))
    return said


class TestWhoMay:
    def test_is_an_administrator_and_nobody_else(
        self, carla: User, lekdetectie: ServiceClient
    ) -> None:
        with pytest.raises(NotAllowedError):
            services.switch(admin=carla, client=lekdetectie, is_active=False, at=NOW)

        lekdetectie.refresh_from_db()
        assert lekdetectie.is_active
        assert not LogEntry.objects.exists()


@pytest.mark.usefixtures("leak_warning")
class TestRegisterClient:
    def test_makes_one_that_may_ask_about_nothing_yet(self, admin: User) -> None:
        client = register(admin)

        assert (client.scopes, client.purposes, client.is_active) == (["consent:check"], [], True)
        assert client.keys.get().reminder_due_at == NOW + timedelta(days=30)
        assert lines() == [
            (
                EventKind.CLIENT_REGISTERED,
                {"client": "meterdienst", "scopes": ["consent:check"]},
            ),
            (
                EventKind.CLIENT_KEY_ADDED,
                {
                    "client": "meterdienst",
                    "clientKey": "k1",
                    "until": "2026-06-27T01:30:00+00:00",
                },
            ),
        ]

    def test_refuses_a_name_that_is_taken(self, admin: User, lekdetectie: ServiceClient) -> None:
        with pytest.raises(ClientTakenError):
            register(admin, client_id="lekdetectie", scopes=[])

        lekdetectie.refresh_from_db()
        assert lekdetectie.scopes == ["consent:check"]
        assert not LogEntry.objects.exists()

    @pytest.mark.parametrize(
        ("changes", "error"),
        [({"recipient": "niemand"}, NotInRegisterError), ({"scopes": ["a b"]}, ScopeError)],
    )
    def test_leaves_nothing_of_what_it_refuses(
        self, admin: User, changes: dict[str, Any], error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            register(admin, **changes)

        assert not ServiceClient.objects.exists()
        assert not LogEntry.objects.exists()


class TestKeys:
    def test_two_count_while_one_replaces_the_other(
        self, admin: User, lekdetectie: ServiceClient
    ) -> None:
        services.add_key(admin=admin, client=lekdetectie, key=a_key("old"), at=NOW)
        services.add_key(admin=admin, client=lekdetectie, key=a_key("new"), at=NOW)

        with pytest.raises(TooManyKeysError):
            services.add_key(admin=admin, client=lekdetectie, key=a_key("third"), at=NOW)

        assert [internal["clientKey"] for _kind, internal in lines()] == ["old", "new"]

    def test_a_key_or_a_name_of_one_is_registered_once(
        self, admin: User, lekdetectie: ServiceClient
    ) -> None:
        key = a_key()
        services.add_key(admin=admin, client=lekdetectie, key=key, at=NOW)

        with pytest.raises(KeyTakenError):
            services.add_key(admin=admin, client=lekdetectie, key=a_key(), at=NOW)
        with pytest.raises(KeyTakenError):
            register(admin, key=key)
        assert ClientKey.objects.count() == 1

    @pytest.mark.parametrize(("days", "lasts"), [(0, 0), (7, 7), (365, 90)])
    def test_one_is_ended_now_or_later_and_never_later_than_it_would(
        self, admin: User, lekdetectie: ServiceClient, days: int, lasts: int
    ) -> None:
        services.add_key(admin=admin, client=lekdetectie, key=a_key(), at=NOW - timedelta(days=1))
        key = lekdetectie.keys.get()
        ClientKey.objects.update(not_before=NOW - timedelta(days=1))

        services.end_key(
            admin=admin, client=lekdetectie, key_id=key.pk, after=timedelta(days=days), at=NOW
        )

        key.refresh_from_db()
        lekdetectie.refresh_from_db()
        assert key.not_after == NOW + timedelta(days=lasts)
        assert key.reminder_due_at is None
        assert (lekdetectie.tokens_count_from == NOW) is (days == 0)
        assert lines()[-1] == (
            EventKind.CLIENT_KEY_ENDED,
            {
                "client": "lekdetectie",
                "clientKey": "k1",
                "until": key.not_after.isoformat(timespec="seconds"),
            },
        )

    def test_one_of_another_client_is_not_ended(
        self, admin: User, lekdetectie: ServiceClient
    ) -> None:
        other = register(admin)

        with pytest.raises(ClientKey.DoesNotExist):
            services.end_key(
                admin=admin,
                client=lekdetectie,
                key_id=other.keys.get().pk,
                after=timedelta(),
                at=NOW,
            )


class TestRights:
    def test_are_changed_once_however_often_they_are_saved(
        self, admin: User, lekdetectie: ServiceClient
    ) -> None:
        for scopes in (["consent:check"], [], []):
            services.change_scopes(admin=admin, client=lekdetectie, scopes=scopes, at=NOW)

        lekdetectie.refresh_from_db()
        assert lekdetectie.scopes == []
        assert lines() == [
            (EventKind.CLIENT_SCOPES_CHANGED, {"client": "lekdetectie", "scopes": []})
        ]

    def test_end_and_come_back_with_the_switch(
        self, admin: User, lekdetectie: ServiceClient
    ) -> None:
        for is_active in (True, False, False, True):
            services.switch(admin=admin, client=lekdetectie, is_active=is_active, at=NOW)

        lekdetectie.refresh_from_db()
        assert (lekdetectie.is_active, lekdetectie.tokens_count_from) == (True, NOW)
        assert [kind for kind, _internal in lines()] == [
            EventKind.CLIENT_DISABLED,
            EventKind.CLIENT_ENABLED,
        ]


@pytest.fixture
def ask(admin: User, lekdetectie: ServiceClient, meter: Purpose) -> Callable[[], PurposeRequest]:
    return lambda: purpose_requests.ask_purpose(
        admin=admin, client=lekdetectie, purpose="meterstand", at=NOW
    )


def purposes() -> list[str]:
    found: list[str] = ServiceClient.objects.get().purposes
    return found


class TestPurpose:
    def test_counts_when_a_second_administrator_approves(
        self, ask: Callable[[], PurposeRequest], second: User
    ) -> None:
        asked = ask()
        assert purposes() == ["lekwaarschuwing"]

        purpose_requests.approve_purpose(admin=second, request_id=asked.pk, at=NOW)

        assert purposes() == ["lekwaarschuwing", "meterstand"]
        first, then = lines()
        facts = {"client": "lekdetectie", "purpose": "meterstand"}
        assert first == (EventKind.CLIENT_PURPOSE_ASKED, facts)
        assert then == (
            EventKind.CLIENT_PURPOSE_APPROVED,
            {**facts, "askedBy": str(asked.asked_by_id)},
        )

    def test_is_not_approved_by_who_asked_for_it(
        self, ask: Callable[[], PurposeRequest], admin: User
    ) -> None:
        asked = ask()

        with pytest.raises(SecondPersonError):
            purpose_requests.approve_purpose(admin=admin, request_id=asked.pk, at=NOW)

        assert purposes() == ["lekwaarschuwing"]

    def test_is_not_approved_by_one_person_in_the_database_either(
        self, ask: Callable[[], PurposeRequest], admin: User
    ) -> None:
        asked = ask()

        with pytest.raises(IntegrityError), transaction.atomic():
            PurposeRequest.objects.filter(pk=asked.pk).update(
                outcome=Outcome.APPROVED, decided_by=admin, decided_at=NOW
            )

    def test_waits_once(self, ask: Callable[[], PurposeRequest], second: User) -> None:
        asked = ask()
        with pytest.raises(PurposeAskedError):
            ask()
        purpose_requests.approve_purpose(admin=second, request_id=asked.pk, at=NOW)

        with pytest.raises(PurposeAskedError):
            ask()

    @pytest.mark.parametrize("who", ["admin", "second"])
    def test_is_refused_or_taken_back_and_can_be_asked_again(
        self, ask: Callable[[], PurposeRequest], admin: User, second: User, who: str
    ) -> None:
        asked = ask()
        decider = admin if who == "admin" else second

        purpose_requests.decline_purpose(admin=decider, request_id=asked.pk, at=NOW)

        asked.refresh_from_db()
        assert asked.outcome == (Outcome.TAKEN_BACK if who == "admin" else Outcome.REFUSED)
        assert purposes() == ["lekwaarschuwing"]
        assert lines()[-1][0] == EventKind.CLIENT_PURPOSE_DECLINED
        assert ask().pk != asked.pk

    def test_is_decided_about_once(self, ask: Callable[[], PurposeRequest], second: User) -> None:
        asked = ask()
        purpose_requests.decline_purpose(admin=second, request_id=asked.pk, at=NOW)

        for decide in (purpose_requests.approve_purpose, purpose_requests.decline_purpose):
            with pytest.raises(RequestDecidedError):
                decide(admin=second, request_id=asked.pk, at=NOW)
        assert purposes() == ["lekwaarschuwing"]

    def test_that_left_the_register_is_not_approved(
        self, ask: Callable[[], PurposeRequest], second: User, meter: Purpose
    ) -> None:
        asked = ask()
        meter.is_active = False
        meter.save()

        with pytest.raises(NotInRegisterError):
            purpose_requests.approve_purpose(admin=second, request_id=asked.pk, at=NOW)
        assert purposes() == ["lekwaarschuwing"]

    def test_is_removed_by_one(self, admin: User, lekdetectie: ServiceClient) -> None:
        for _time in range(2):
            purpose_requests.remove_purpose(
                admin=admin, client=lekdetectie, purpose="lekwaarschuwing", at=NOW
            )

        assert purposes() == []
        assert lines() == [
            (
                EventKind.CLIENT_PURPOSE_REMOVED,
                {"client": "lekdetectie", "purpose": "lekwaarschuwing"},
            )
        ]
