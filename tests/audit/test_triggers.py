"""What the database refuses, statement by statement, whoever asks."""

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from audit import checks, keyring, operations, triggers
from audit.models import (
    Checkpoint,
    Erasure,
    Key,
    Leaf,
    LogEntry,
    Payload,
    PendingEntry,
    Tile,
    VerificationRun,
)
from tests.audit.builders import ANNA, NOW, an_event, append, log_of, verified

pytestmark = pytest.mark.django_db

APPEND_ONLY = [LogEntry, Payload, Leaf, Tile, Checkpoint, VerificationRun, Erasure]
FIRST_COLUMN = {model: model._meta.concrete_fields[-1].column for model in APPEND_ONLY}
by_model = pytest.mark.parametrize("model", APPEND_ONLY)
GONE = UUID(int=7)  # somebody who was erased
DESTROY = "wrapped = NULL, destroyed_at = created_at"
NAMELESS = "'00000000000040008000000000000001'"
# What makes a copy of a row another row in every unique column: all that is left is its rowid.
NEW_IDENTITY: dict[type[models.Model], dict[str, str]] = {
    LogEntry: {"id": "id", "uid": NAMELESS},  # id is another name of the rowid
    Payload: {"entry_id": "entry_id + 77"},
    Leaf: {"index": '"index" + 77', "entry_id": "entry_id + 77"},
    Tile: {"id": "id", "number": "number + 77"},
    Checkpoint: {"size": "size + 77"},
    VerificationRun: {"id": "id"},
    Erasure: {"key_id": NAMELESS, "entry_uid": NAMELESS},
    PendingEntry: {"entry_id": "entry_id + 77"},
    Key: {"id": NAMELESS, "owner_id": NAMELESS, "month": "'2019-01'"},
}


def execute(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def rows(model: type[models.Model]) -> list[dict[str, object]]:
    return list(model._default_manager.order_by("pk").values())


@pytest.fixture
def _full_log() -> None:
    log_of(2)
    Tile.objects.create(level=0, number=0, data=bytes(8192), root=bytes(32))
    verified()
    operations.destroy_key(key=keyring.living_key(owner_id=GONE, at=NOW), at=NOW)
    connection.check_constraints()


@pytest.mark.usefixtures("_full_log")
class TestAppendOnlyTable:
    @by_model
    def test_refuses_an_update(self, model: type[models.Model]) -> None:
        table, column = model._meta.db_table, FIRST_COLUMN[model]
        before = rows(model)

        with pytest.raises(IntegrityError, match="append-only"):
            execute(f'UPDATE {table} SET "{column}" = "{column}"')
        assert rows(model) == before

    @by_model
    def test_refuses_a_delete(self, model: type[models.Model]) -> None:
        with pytest.raises(IntegrityError, match="append-only"):
            execute(f"DELETE FROM {model._meta.db_table}")
        assert rows(model)

    @by_model
    def test_refuses_the_orm_in_every_way_it_has(self, model: type[models.Model]) -> None:
        manager, row = model._default_manager, model._default_manager.first()
        assert row is not None
        name = model._meta.concrete_fields[-1].attname
        attempts: list[Callable[[], object]] = [
            lambda: manager.update(**{name: getattr(row, name)}),
            lambda: manager.bulk_update([row], [name]),
            lambda: row.save(force_update=True),
            lambda: manager.all()._raw_delete("default"),
        ]

        for attempt in attempts:
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                attempt()

    @by_model
    def test_refuses_to_be_emptied(self, model: type[models.Model]) -> None:
        table = model._meta.db_table
        sql = f"TRUNCATE {table} CASCADE" if on_postgresql() else f"DELETE FROM {table} WHERE 1"

        with pytest.raises(IntegrityError, match="append-only"):
            execute(sql)

    @by_model
    def test_refuses_to_replace_a_row_by_inserting_it_again(
        self, model: type[models.Model]
    ) -> None:
        table = model._meta.db_table
        columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
        key = model._meta.concrete_fields[0].column
        before = rows(model)
        copy = f"INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE true"
        attempts = [f'INSERT {copy} ON CONFLICT ("{key}") DO UPDATE SET "{key}" = EXCLUDED."{key}"']
        if not on_postgresql():
            attempts += [f"INSERT OR REPLACE {copy}", f"REPLACE {copy}"]

        for attempt in attempts:
            with pytest.raises(IntegrityError, match="append-only"):
                execute(attempt)
        assert rows(model) == before

    def test_refuses_to_replace_a_row_by_its_other_unique_columns(self) -> None:
        if on_postgresql():
            execute("INSERT INTO audit_tile (level, number, data, root) VALUES (0, 1, '', '')")
            return  # PostgreSQL has no statement that replaces a row
        for table, columns, copied in (
            ("audit_tile", "level, number, data, root", "level, number, '', ''"),
            ("audit_logentry", "uid, leaf, kind, at, actor", "uid, '', kind, at, actor"),
            ("audit_leaf", '"index", entry_id, hash', "99, entry_id, ''"),
        ):
            attempt = f"INSERT OR REPLACE INTO {table} ({columns}) SELECT {copied} FROM {table}"
            with pytest.raises(IntegrityError, match="append-only"):
                execute(attempt)

    @pytest.mark.parametrize("model", NEW_IDENTITY)
    def test_refuses_to_replace_a_row_by_its_rowid(self, model: type[models.Model]) -> None:
        if on_postgresql():
            return  # there is no rowid, and no statement that replaces a row
        table, columns = (
            model._meta.db_table,
            [str(it.column) for it in model._meta.concrete_fields],
        )
        copied = [NEW_IDENTITY[model].get(column, f'"{column}"') for column in columns]
        names = ", ".join(f'"{column}"' for column in columns)
        before = rows(model)
        assert before

        for verb in ("INSERT OR REPLACE", "REPLACE"):
            with pytest.raises(IntegrityError, match="append-only"):
                execute(
                    f"{verb} INTO {table} (rowid, {names})"
                    f" SELECT rowid, {', '.join(copied)} FROM {table} LIMIT 1"
                )
        assert rows(model) == before

    def test_the_matrix_of_rowids_holds_every_table_that_is_guarded(self) -> None:
        guarded = {trigger.table for trigger in triggers.wanted("sqlite")}

        assert {model._meta.db_table for model in NEW_IDENTITY} == guarded

    def test_refuses_even_a_replica(self) -> None:
        if on_postgresql():
            execute("SET LOCAL session_replication_role = replica")

        with pytest.raises(IntegrityError, match="append-only"):
            execute("DELETE FROM audit_checkpoint")

    def test_does_not_lean_on_triggers_that_fire_each_other(self) -> None:
        """With them on, SQLite asks the triggers for DELETE when it replaces a row; they are off."""
        if on_postgresql():
            return  # it has no such setting
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA recursive_triggers")
            assert cursor.fetchone() == (0,)

    def test_refuses_the_flush_command(self) -> None:
        with (
            pytest.raises(CommandError, match="couldn't be flushed") as refused,
            transaction.atomic(),
        ):
            call_command("flush", interactive=False, verbosity=0, stdout=StringIO())
        assert "append-only" in str(refused.value.__cause__)
        assert LogEntry.objects.exists()


class TestQueue:
    def test_lets_no_entry_go_before_it_has_its_place(self) -> None:
        append(an_event())

        for attempt in (PendingEntry.objects.all().delete, PendingEntry.objects.all()._raw_delete):
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                attempt(*(["default"] if attempt.__name__ == "_raw_delete" else []))

    def test_lets_no_row_be_changed(self) -> None:
        append(an_event())

        with pytest.raises(IntegrityError, match="append-only"):
            execute("UPDATE audit_pendingentry SET entry_id = entry_id")

    def test_holds_an_entry_that_was_inserted_past_our_code(self) -> None:
        entry = LogEntry.objects.create(uid=ANNA, leaf=b"x", kind="k", at=NOW, actor="a")

        assert PendingEntry.objects.get().entry_id == entry.pk

    def test_is_cleaned_after_a_thousand_rows_however_large_it_was(self) -> None:
        """Only PostgreSQL leaves dead rows behind; SQLite uses their place again at once."""
        options: list[str] = []
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT reloptions FROM pg_class WHERE oid = 'audit_pendingentry'::regclass"
                )
                options = cursor.fetchone()[0]

        wanted = {"autovacuum_vacuum_scale_factor=0", "autovacuum_vacuum_threshold=1000"}
        assert wanted <= set(options) or connection.vendor == "sqlite"


@pytest.mark.usefixtures("_full_log")
class TestKey:
    """A key lives, may be wrapped again, and is destroyed once. Nothing else happens to it."""

    @pytest.mark.parametrize(
        "change",
        [
            "kind = kind",
            "wrapped = NULL",
            "destroyed_at = created_at",
            "master_key_id = 'next'",
            "wrapped = master_key_id",
            f"{DESTROY}, master_key_id = 'next'",
            *(
                f"{DESTROY}, {other}"
                for other in (
                    "kind = 'x'",
                    "month = '2019-01'",
                    f"owner_id = {NAMELESS}",
                    f"id = {NAMELESS}",
                    "created_at = '2019-01-01 00:00:00'",
                )
            ),
        ],
    )
    def test_that_lives_is_changed_in_no_other_way(self, change: str) -> None:
        before = rows(Key)
        if on_postgresql():
            change = change.replace("wrapped = master_key_id", "wrapped = decode('00', 'hex')")

        with pytest.raises(IntegrityError, match="append-only"):
            execute(f"UPDATE audit_key SET {change} WHERE kind = 'owner' AND wrapped IS NOT NULL")
        assert rows(Key) == before

    def test_that_lives_may_be_wrapped_again(self) -> None:
        living = Key.objects.filter(destroyed_at=None)

        assert living.update(wrapped=b"again", master_key_id="next") == 4

    def test_that_lives_may_be_destroyed(self) -> None:
        living = Key.objects.filter(destroyed_at=None)

        assert living.update(wrapped=None, destroyed_at=NOW) == 4

    @pytest.mark.parametrize(
        "changes",
        [
            {"destroyed_at": None},
            {"wrapped": b"x"},
            {"wrapped": b"x", "destroyed_at": None},
            {"wrapped": b"x", "destroyed_at": None, "master_key_id": "next"},
            {"destroyed_at": NOW, "wrapped": None},
        ],
    )
    def test_that_is_destroyed_stays_as_it_is(self, changes: dict[str, object]) -> None:
        destroyed = Key.objects.exclude(destroyed_at=None)
        assert destroyed.exists()

        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            destroyed.update(**changes)

    def test_is_never_removed(self) -> None:
        statements = ["DELETE FROM audit_key"]
        if on_postgresql():
            statements.append("TRUNCATE audit_key CASCADE")

        for statement in statements:
            with pytest.raises(IntegrityError, match="append-only"):
                execute(statement)

    def test_is_never_replaced_by_another_of_the_same_owner_or_month(self) -> None:
        before = rows(Key)
        columns = ", ".join(str(field.column) for field in Key._meta.concrete_fields)
        copied = columns.replace("id,", f"{NAMELESS},", 1)
        verb = "INSERT" if on_postgresql() else "INSERT OR REPLACE"
        again = NAMELESS if not on_postgresql() else "'00000000-0000-4000-8000-000000000001'"

        for kind in ("owner", "month"):
            with pytest.raises(IntegrityError):
                execute(
                    f"{verb} INTO audit_key ({columns})"
                    f" SELECT {copied.replace(NAMELESS, again)} FROM audit_key"
                    f" WHERE kind = '{kind}' AND destroyed_at IS NULL LIMIT 1"
                )
        assert rows(Key) == before

    def test_does_not_make_way_for_another_that_takes_its_rowid(self) -> None:
        if on_postgresql():
            return  # there is no rowid
        before = rows(Key)

        with pytest.raises(IntegrityError, match="append-only"):
            execute(
                "UPDATE OR REPLACE audit_key SET rowid = (SELECT max(rowid) FROM audit_key),"
                " wrapped = NULL, destroyed_at = created_at"
                " WHERE rowid = (SELECT min(rowid) FROM audit_key)"
            )
        assert rows(Key) == before

    def test_may_be_a_new_one_after_the_old_one_was_destroyed(self) -> None:
        assert keyring.living_key(owner_id=GONE, at=NOW).destroyed_at is None
        assert Key.objects.filter(owner_id=GONE).count() == 2


class TestPayload:
    def test_may_be_deleted_when_every_key_that_sealed_it_is_destroyed(self) -> None:
        append(an_event())
        month, owner = keyring.month_key(at=NOW), keyring.living_key(owner_id=ANNA, at=NOW)

        for key in (month, owner):
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                Payload.objects.all().delete()
            keyring.destroy(key=key, at=NOW)
        Payload.objects.all().delete()

        assert not Payload.objects.exists()

    def test_is_stored_by_a_role_that_may_only_add(self) -> None:
        if not on_postgresql():
            return  # there are no roles
        role = f"only_adds_{secrets.token_hex(4)}"
        with transaction.atomic():
            for statement in (
                f"CREATE ROLE {role}",
                f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {role}",
                f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
                f"SET LOCAL ROLE {role}",
            ):
                execute(statement)
            append(an_event())
            assert Payload.objects.count() == 1
            transaction.set_rollback(True)

    def test_is_not_stored_under_a_key_that_is_destroyed(self) -> None:
        key = keyring.living_key(owner_id=ANNA, at=NOW)
        Key.objects.filter(pk=key.pk).update(wrapped=None, destroyed_at=NOW)

        with pytest.raises(IntegrityError, match="destroyed"), transaction.atomic():
            operations.append(an_event(), key=key)


class TestMissingTrigger:
    def test_is_reported_by_name(self) -> None:
        with transaction.atomic():
            drop("audit_leaf_refuses_update", "audit_leaf")

            errors = checks.log_is_append_only(app_configs=None, databases=["default"])

            assert [error.id for error in errors] == ["audit.E001"]
            assert "audit_leaf_refuses_update on audit_leaf" in errors[0].msg
            transaction.set_rollback(True)

    def test_is_reported_when_it_only_sleeps_or_was_changed(self) -> None:
        with transaction.atomic():
            if on_postgresql():
                execute("ALTER TABLE audit_leaf DISABLE TRIGGER audit_leaf_refuses_update")
            else:
                drop("audit_leaf_refuses_update", "audit_leaf")
                execute(
                    "CREATE TRIGGER audit_leaf_refuses_update BEFORE UPDATE ON audit_leaf"
                    " BEGIN SELECT 1; END"
                )

            assert [one.name for one in triggers.missing(connection)] == [
                "audit_leaf_refuses_update"
            ]
            transaction.set_rollback(True)

    def test_is_reported_when_its_function_looks_in_tables_of_whoever_calls(self) -> None:
        """As every database has that was made before the functions named their schema."""
        if not on_postgresql():
            return  # there are no functions
        with transaction.atomic():
            execute("ALTER FUNCTION audit_wait_for_place() RESET ALL")

            assert [one.name for one in triggers.restore(connection)] == [
                "audit_logentry_waits_for_its_place"
            ]
            assert triggers.missing(connection) == []
            transaction.set_rollback(True)

    def test_is_put_back_after_migrating(self) -> None:
        with transaction.atomic():
            drop("audit_logentry_waits_for_its_place", "audit_logentry")

            call_command("migrate", verbosity=0, skip_checks=True)

            assert triggers.missing(connection) == []
            transaction.set_rollback(True)

    def test_is_not_reported_before_it_was_migrated(self) -> None:
        with transaction.atomic():
            MigrationRecorder(connection).record_unapplied(*triggers.GUARDS[0].migration)
            drop("audit_leaf_refuses_update", "audit_leaf")

            assert checks.log_is_append_only(app_configs=None, databases=["default"]) == []
            assert checks.log_is_append_only(app_configs=None, databases=None) == []
            transaction.set_rollback(True)

    def test_is_no_news_when_all_are_there(self) -> None:
        assert checks.log_is_append_only(app_configs=None, databases=["default"]) == []
        assert triggers.restore(connection) == []


class TestMigration:
    def test_can_be_taken_back_and_applied_again(self) -> None:
        first = import_module("audit.migrations.0002_append_only_triggers")
        second = import_module("audit.migrations.0004_key_destruction_is_an_event")
        editor = connection.schema_editor(atomic=False)
        with transaction.atomic():
            # Django takes back first what depends on it: triggers of another app use our function.
            import_module("consent.migrations.0002_records_insert_only").allow_changes(None, editor)
            import_module("audit.migrations.0008_who_signs").leave(None, editor)
            second.leave_keys(None, editor)
            gone = {trigger.table for trigger in triggers.missing(connection)}
            assert gone == {"audit_key", "audit_erasure"}

            first.allow_changes(None, editor)
            assert len(triggers.missing(connection)) == len(triggers.wanted(connection.vendor))

            first.refuse_changes(None, editor)
            second.guard_keys(None, editor)
            assert triggers.missing(connection) == []
            transaction.set_rollback(True)

    def test_brings_older_triggers_of_the_log_up_to_date(self) -> None:
        """A database that was made before: its triggers do not ask for the rowid."""
        second = import_module("audit.migrations.0004_key_destruction_is_an_event")
        with transaction.atomic():
            drop("audit_leaf_refuses_update", "audit_leaf")

            second.guard_keys(None, connection.schema_editor(atomic=False))

            assert triggers.missing(connection) == []
            transaction.set_rollback(True)


class TestMigrationThatAltersATable:
    def test_gets_its_triggers_back(self, tmp_path: Path) -> None:
        """On SQLite the table is rebuilt, and its triggers are gone without a word; PostgreSQL keeps them."""
        old = Tile._meta.get_field("level")
        new = models.PositiveIntegerField()
        new.set_attributes_from_name("level")
        with elsewhere(tmp_path / "copy.sqlite3") as copy:
            with copy.schema_editor(atomic=False) as editor:
                editor.alter_field(Tile, old, new)
            gone = {trigger.table for trigger in triggers.missing(copy)}
            assert gone == (set() if on_postgresql() else {"audit_tile"})

            triggers.restore(copy)  # what `audit.apps` does after each migrate

            assert triggers.missing(copy) == []


@contextmanager
def elsewhere(path: Path) -> Iterator[BaseDatabaseWrapper]:
    """Yield a connection whose tables may be altered: SQLite does not do that halfway a transaction."""
    if on_postgresql():
        with transaction.atomic():
            yield connection
            transaction.set_rollback(True)
        return
    with closing(sqlite3.connect(path)) as file, connection.cursor() as cursor:
        cursor.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%%'"
        )
        file.executescript(";".join(sql for (sql,) in cursor.fetchall()))
    copy = connection.copy()
    copy.settings_dict["NAME"] = str(path)
    yield copy
    copy.close()


def drop(name: str, table: str) -> None:
    execute(f"DROP TRIGGER {name}" + (f" ON {table}" if on_postgresql() else ""))


def on_postgresql() -> bool:
    return connection.vendor == "postgresql"
