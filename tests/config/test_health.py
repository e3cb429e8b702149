"""`/healthz`: states for everyone, details for nobody, and 503 as soon as something needs a person."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from audit import health, operations, triggers
from audit.models import LogEntry, VerificationRun
from tests.audit.builders import an_event, append, lifted_triggers, log_of

pytestmark = pytest.mark.django_db
WELL = {
    "database": "ok",
    "verification": "none",
    "journal": "ok",
    "triggers": "ok",
    "numbering": "ok",
    "signing": "ok",
}


def a_run(*, faults: int = 0, days: int = 0, since: int = 0) -> None:
    at = timezone.now() - timedelta(days=days)
    VerificationRun.objects.create(
        started_at=at,
        finished_at=at,
        counted=1,
        faults=faults,
        since=since,
        first_fault="entry 4 of mevrouw Jansen" if faults else "",
        root=bytes(32),
    )


def append_before(minutes: int) -> None:
    append(an_event(at=timezone.now() - timedelta(minutes=minutes)))


def lift() -> None:
    with connection.cursor() as cursor:
        place = " ON audit_leaf" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER audit_leaf_refuses_update{place}")


def number_and_not_sign() -> None:
    append_before(10)
    operations.integrate(at=timezone.now())


class TestHealth:
    def test_of_a_new_installation_is_good(self, client: Client) -> None:
        answer = client.get("/healthz")

        assert answer.status_code == 200
        assert answer.json() == {"status": "ok", "checks": WELL}
        assert answer.headers["Cache-Control"] == "no-store"

    def test_of_one_that_was_verified_is_good(self, client: Client) -> None:
        append_before(10)
        operations.settle(at=timezone.now())
        a_run(days=2)
        append_before(4)

        assert client.get("/healthz").json()["checks"] == {**WELL, "verification": "ok"}

    @pytest.mark.parametrize(
        ("damage", "name", "state"),
        [
            (lambda: a_run(faults=2), "verification", "broken"),
            (lambda: a_run(days=4), "verification", "old"),
            (lift, "triggers", "missing"),
            (lambda: append_before(10), "numbering", "late"),
            (number_and_not_sign, "signing", "late"),
        ],
    )
    def test_says_what_is_wrong_and_no_more(
        self, client: Client, damage: Callable[[], object], name: str, state: str
    ) -> None:
        with transaction.atomic():
            damage()
            answer = client.get("/healthz")
            transaction.set_rollback(True)

        assert answer.status_code == 503
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "not-well"
        assert answer.json()["checks"] == {**WELL, name: state}
        assert "Jansen" not in answer.text

    def test_is_not_mended_by_a_look_at_the_end_of_the_log(self, client: Client) -> None:
        a_run(faults=2)
        a_run(since=5)

        assert client.get("/healthz").json()["checks"]["verification"] == "broken"

    def test_says_that_the_journal_disagrees(
        self, client: Client, settings: Settings, tmp_path: Path
    ) -> None:
        settings.LOG_JOURNAL = tmp_path / "journal"
        log_of(1)
        settings.LOG_JOURNAL.unlink()

        answer = client.get("/healthz")

        assert answer.json()["checks"]["journal"] == "fault"
        assert str(tmp_path) not in answer.text

    def test_says_that_the_key_is_gone(
        self, client: Client, settings: Settings, tmp_path: Path
    ) -> None:
        settings.LOG_JOURNAL = tmp_path / "journal"
        log_of(1)
        settings.KEYS_DIR = tmp_path

        assert client.get("/healthz").json()["checks"]["journal"] == "fault"

    def test_says_that_the_database_is_down(self, client: Client) -> None:
        def down(*_: object) -> None:
            raise OperationalError("host=secret.example")

        with connection.execute_wrapper(down):
            answer = client.get("/healthz")

        assert (answer.status_code, answer.json()["checks"]) == (503, {"database": "down"})
        assert "secret.example" not in answer.text

    def test_is_a_handful_of_questions(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        log_of(3)

        with django_assert_num_queries(4 + len(triggers.GUARDS)):
            client.get("/healthz")


class TestDetail:
    def test_is_for_officers(self) -> None:
        with lifted_triggers():
            a_run(faults=1)
            found = {check.name: check for check in health.checks(at=timezone.now())}

        assert found["verification"].detail == "entry 4 of mevrouw Jansen"
        assert "audit_leaf_refuses_update" in found["triggers"].detail
        assert not found["triggers"].is_well
        assert LogEntry.objects.count() == 0
