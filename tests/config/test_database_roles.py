"""Who may do what on PostgreSQL: each role what it needs, and not even that to what the others guard."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import DataSubject, ServiceClient, User
from audit import integration, keyring, operations
from audit.models import Checkpoint, Key, Leaf, LogEntry, LogHead, PendingEntry
from audit.triggers import APPEND_ONLY
from config import database_roles
from config.database_roles import APP, ERASER, GRANTS, INTEGRATOR, PUBLISHER, READER, ROLES
from consent.models import Job
from tests.accounts.steps import user_of
from tests.audit.builders import ANNA, BRAM, NOW, an_event, append, log_of, verified
from tests.consent.test_queries import ask, choose
from tests.visitors import client_of

pytestmark = pytest.mark.django_db
REFUSED = "42501"  # insufficient_privilege
LOG = [table for table in GRANTS if table.startswith("audit_")]
TABLES = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}


def on_postgresql() -> bool:
    return connection.vendor == "postgresql"


@pytest.fixture
def _granted() -> None:
    call_command("grant_roles", stdout=StringIO())


@contextmanager
def role(name: str) -> Iterator[None]:
    """Act in a role; SQLite has none, and there everybody may do what all of these may."""
    if not on_postgresql():
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {name}")
        yield
        cursor.execute("RESET ROLE")


def refusal(sql: str, *, copied: str = "") -> str:
    """Return with which SQLSTATE a statement is refused; empty when it is not."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if copied:
                with cursor.cursor.copy(sql) as copy:
                    copy.write(copied)
            else:
                cursor.execute(sql)
    except DatabaseError as error:
        return str(getattr(error.__cause__, "sqlstate", "") or "refused")
    except Exception as error:  # noqa: BLE001  psycopg's own, from COPY
        return str(getattr(error, "sqlstate", "") or "refused")
    return ""


class TestMatrix:
    def test_holds_a_decision_about_every_table(self) -> None:
        assert set(GRANTS) == {*TABLES, "django_migrations"}

    def test_names_a_table_about_which_nothing_was_decided(self) -> None:
        assert database_roles.undecided(["audit_leaf", "audit_new", "a"]) == ["a", "audit_new"]

    def test_lets_no_role_change_or_remove_what_only_grows(self) -> None:
        for model in APPEND_ONLY:
            for name, privileges in GRANTS[model._meta.db_table].items():
                if (model._meta.db_table, name) == ("audit_payload", ERASER):
                    continue  # of what nobody can read any more: the trigger looks
                assert set(privileges.split(", ")) <= {"SELECT", "INSERT"}

    def test_gives_the_web_nothing_of_the_tree_but_sight(self) -> None:
        for table in ("audit_leaf", "audit_tile", "audit_loghead", "audit_checkpoint"):
            assert GRANTS[table][APP] == "SELECT"


# A view of somebody's own by the name of our table; whoever looks in it runs what is in there.
A_TRAP = (
    "CREATE TEMP TABLE bait AS SELECT * FROM audit_key",
    "CREATE TEMP TABLE sprung (who text)",
    """CREATE FUNCTION pg_temp.spring() RETURNS boolean LANGUAGE plpgsql AS
'BEGIN INSERT INTO pg_temp.sprung VALUES (current_user); RETURN true; END'""",
    "CREATE TEMP VIEW audit_key AS SELECT * FROM pg_temp.bait WHERE pg_temp.spring()",
    "GRANT ALL ON bait, sprung, audit_key TO PUBLIC",
    "CREATE TEMP TABLE audit_pendingentry (entry_id bigint)",
    "CREATE TEMP VIEW queue AS SELECT * FROM pg_temp.audit_pendingentry",
)
A_PAYLOAD = (
    "INSERT INTO audit_payload (entry_id, organisation_key_id, organisation_part, purpose, data_category,"
    " recipient, outcome) SELECT (SELECT max(id) FROM audit_logentry), id, '', '', '', '', ''"
    " FROM public.audit_key LIMIT 1"
)
AN_ENTRY = (
    "INSERT INTO audit_logentry (uid, leaf, kind, at, actor)"
    " VALUES (gen_random_uuid(), '', '', now(), '')"
)


@pytest.mark.usefixtures("_granted")
class TestEachRole:
    @pytest.fixture(autouse=True)
    def _log(self) -> None:
        log_of(2)
        verified()
        connection.check_constraints()

    @pytest.mark.parametrize("name", ROLES)
    def test_is_refused_every_change_of_the_log(self, name: str) -> None:
        if not on_postgresql():
            return  # there are no roles
        with role(name):
            for model in APPEND_ONLY:
                table = model._meta.db_table
                if (table, name) == ("audit_payload", ERASER):
                    continue
                for statement in changes(table):
                    assert refusal(statement) == REFUSED, statement

    @pytest.mark.parametrize("name", ROLES)
    def test_adds_only_where_it_must(self, name: str) -> None:
        if not on_postgresql():
            return
        for table in LOG:
            may_add = "INSERT" in GRANTS[table].get(name, "")
            with role(name):
                answer = refusal(f"COPY {table} FROM STDIN", copied="nonsense\n")
            assert (answer != REFUSED) == may_add, table

    @pytest.mark.parametrize("name", ROLES)
    def test_cannot_put_a_trigger_to_sleep(self, name: str) -> None:
        if not on_postgresql():
            return
        function = "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql"
        with role(name):
            for statement in (
                "SET session_replication_role = replica",
                f"{function} AS $$ BEGIN RETURN NEW; END $$",
                *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in LOG),
                *(f"ALTER TABLE {table} RENAME TO taken" for table in LOG),
                *(f"DROP TABLE {table} CASCADE" for table in LOG),
            ):
                assert refusal(statement) == REFUSED, statement

    def test_cannot_mislead_a_trigger_with_a_table_of_its_own(self) -> None:
        if not on_postgresql():
            return  # there are no roles
        with role(APP), connection.cursor() as cursor:
            for statement in (*A_TRAP, AN_ENTRY, A_PAYLOAD):
                cursor.execute(statement)
            cursor.execute("SELECT who FROM sprung UNION ALL SELECT 'queue' FROM queue")
            assert cursor.fetchall() == []

    def test_that_erases_is_stopped_by_the_trigger_where_it_has_the_right(self) -> None:
        with role(ERASER), pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            connection.cursor().execute("DELETE FROM audit_payload")

    def test_that_numbers_is_stopped_by_the_trigger_where_it_has_the_right(self) -> None:
        append(an_event())
        with (
            role(INTEGRATOR),
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
        ):
            connection.cursor().execute("DELETE FROM audit_pendingentry")


def changes(table: str) -> list[str]:
    key = TABLES[table]._meta.pk
    assert key is not None
    name = f'"{key.column}"'
    same, one = f"{name} = {table}.{name}", "(SELECT 1) AS one ON true"
    return [
        f"UPDATE {table} SET {name} = {name}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"INSERT INTO {table} SELECT * FROM {table} ON CONFLICT ({name}) DO UPDATE SET {same}",
        f"MERGE INTO {table} USING {one} WHEN MATCHED THEN DELETE",
        f"MERGE INTO {table} USING {one} WHEN MATCHED THEN UPDATE SET {same}",
    ]


@pytest.mark.usefixtures("_granted")
class TestWork:
    def test_of_the_web_is_to_append_and_to_leave_the_rest_to_the_worker(self) -> None:
        with role(APP):
            append(an_event())
            operations.settle(at=NOW)
            may = integration.rights()

        assert may == ((False, False) if on_postgresql() else (True, True))
        assert PendingEntry.objects.exists() == on_postgresql()
        assert Checkpoint.objects.exists() != on_postgresql()

    def test_of_the_integrator_is_to_number(self) -> None:
        append(an_event())

        with role(INTEGRATOR):
            assert operations.integrate(at=NOW) == 1
            may_sign = integration.rights()[1]

        assert Leaf.objects.count() == LogHead.objects.get().size == 1
        assert may_sign == (not on_postgresql())

    def test_of_the_publisher_is_to_sign(self) -> None:
        append(an_event())
        operations.integrate(at=NOW)

        with role(PUBLISHER):
            assert operations.publish(at=NOW) is not None

    def test_of_the_eraser_is_to_destroy_a_key(self) -> None:
        log_of(2)

        with role(ERASER):
            operations.destroy_key(key=keyring.living_key(owner_id=ANNA, at=NOW), at=NOW)

        assert Key.objects.filter(owner_id=ANNA, wrapped=None).exists()

    def test_of_the_reader_is_to_read(self) -> None:
        log_of(2)

        with role(READER):
            assert LogEntry.objects.count() == 2
            if on_postgresql():
                with (
                    pytest.raises(ProgrammingError, match="permission denied"),
                    transaction.atomic(),
                ):
                    append(an_event(subject_id=BRAM))


@pytest.mark.usefixtures("_granted")
class TestWeb:
    def test_serves_people_and_services_with_the_rights_of_the_web_alone(
        self, anna: DataSubject, carla: User, lekdetectie: ServiceClient
    ) -> None:
        office, log = client_of(carla), reverse("log")
        with role(APP):
            choose(anna, usage=True)
            ask(lekdetectie)
            pages = [
                office.get(log),
                office.post(reverse("log-verify"), follow=True),
                client_of(user_of(anna)).get(reverse("my-choices")),
                Client().get(reverse("healthz")),
            ]
        operations.settle(at=NOW)
        with role(APP):
            pages.append(office.post(reverse("log-export"), {"inhoud": "selection"}, follow=True))

        assert [page.status_code for page in (*pages[:3], pages[4])] == [200] * 4
        assert pages[3].json()["checks"]["database"] == "ok"
        assert sorted(Job.objects.values_list("kind", flat=True)) == [
            "log-export",
            "log-verification",
        ]
        assert LogEntry.objects.filter(payload__outcome="permitted").exists()


class TestCommand:
    def test_can_be_repeated(self) -> None:
        first, second = StringIO(), StringIO()
        call_command("grant_roles", stdout=first)
        call_command("grant_roles", stdout=second)

        said = "Every role has exactly" if on_postgresql() else "This database has no roles"
        assert said in first.getvalue()
        assert first.getvalue() == second.getvalue()

    def test_takes_back_what_somebody_gave(self) -> None:
        if not on_postgresql():
            return
        call_command("grant_roles", stdout=StringIO())
        with connection.cursor() as cursor:
            cursor.execute("GRANT UPDATE ON audit_leaf TO regie_app, PUBLIC")
            call_command("grant_roles", stdout=StringIO())
            cursor.execute("SELECT has_table_privilege('regie_app', 'audit_leaf', 'UPDATE')")
            assert cursor.fetchone() == (False,)

    def test_writes_the_sql_for_an_administrator(self) -> None:
        out = StringIO()

        call_command("grant_roles", "--print", stdout=out)

        assert "GRANT SELECT, INSERT ON TABLE audit_logentry TO regie_app;" in out.getvalue()
        assert "PASSWORD" not in out.getvalue().upper()
        assert "LOGIN" not in out.getvalue().replace("NOLOGIN", "")

    def test_refuses_a_table_that_nobody_decided_about(self) -> None:
        if not on_postgresql():
            return
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE of_somebody_else (id int)")

        with pytest.raises(CommandError, match="who may use of_somebody_else"):
            call_command("grant_roles")

    def test_says_what_to_do_when_it_may_not_give_rights(self) -> None:
        if not on_postgresql():
            return
        call_command("grant_roles", stdout=StringIO())

        with (
            role(APP),
            pytest.raises(CommandError, match="You do not own the tables"),
            transaction.atomic(),
        ):
            call_command("grant_roles")

    def test_says_what_to_do_when_it_may_not_make_roles(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not on_postgresql():
            return
        monkeypatch.setattr(database_roles, "ROLES", ("regie_of_tomorrow", *ROLES))
        with connection.cursor() as cursor:
            cursor.execute("CREATE ROLE an_owner NOLOGIN")
            cursor.execute("SELECT current_user")
            (owner,) = cursor.fetchone()
            cursor.execute(f'GRANT "{owner}" TO an_owner')

        with (
            role("an_owner"),
            pytest.raises(CommandError, match="permission denied to create role"),
            transaction.atomic(),
        ):
            call_command("grant_roles")
