"""Triggers by which the database itself refuses to change the log, on SQLite and on PostgreSQL.

They stop mistakes and our own code; whoever owns the database can lift them, and is found by
`audit.operations.verify` or by whoever kept a checkpoint.

On SQLite Django rebuilds a table to alter a column: its triggers are then gone without a word, and a
trigger elsewhere that mentions the table makes the rebuild fail. So a migration that alters a table
of this app begins with `RunPython(lift, install)` and ends with `RunPython(install, lift)`; whatever
is missing after `migrate` is put back, and `audit.checks` reports it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from audit import models

Identities = tuple[tuple[str, ...], ...]
# Per table, what identifies a row: `INSERT OR REPLACE` on SQLite deletes without asking a trigger.
_IDENTITIES: dict[str, Identities] = {
    "audit_logentry": (("id",), ("uid",)),
    "audit_payload": (("entry_id",),),
    "audit_leaf": (("index",), ("entry_id",)),
    "audit_tile": (("id",), ("level", "number")),
    "audit_checkpoint": (("size",),),
    "audit_verificationrun": (("id",),),
}
APPEND_ONLY = (
    models.LogEntry,
    models.Payload,
    models.Leaf,
    models.Tile,
    models.Checkpoint,
    models.VerificationRun,
)

# A payload may go when nobody can read it any more: every key that sealed it was destroyed.
_STILL_READABLE = (
    "EXISTS (SELECT 1 FROM audit_key WHERE destroyed_at IS NULL"
    " AND id IN (OLD.subject_key_id, OLD.organisation_key_id))"
)
_SEALED_BY_DESTROYED = (
    "EXISTS (SELECT 1 FROM audit_key WHERE destroyed_at IS NOT NULL"
    " AND id IN (NEW.subject_key_id, NEW.organisation_key_id))"
)
# An entry leaves the queue when it has its place in the log, and not before.
_NOT_NUMBERED = "NOT EXISTS (SELECT 1 FROM audit_leaf WHERE entry_id = OLD.entry_id)"
_DELETE_CONDITIONS = {"audit_payload": _STILL_READABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    name: str
    table: str
    statements: tuple[str, ...]


Wanted = Callable[[str], list[Trigger]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The triggers of one app (`wanted`, per kind of database), and the migration that makes them."""

    migration: tuple[str, str]
    wanted: Wanted


def wanted(vendor: str) -> list[Trigger]:
    """Return every trigger that this kind of database must have for the log."""
    return _sqlite() if vendor == "sqlite" else _postgresql()


def insert_only(*, vendor: str, table: str, identities: Identities) -> list[Trigger]:
    """Return the triggers that let rows be added to a table and nothing else, for any app.

    `identities` are the columns by which a row is known: its primary key and its unique keys.
    """
    if vendor == "sqlite":
        return _sqlite_insert_only(table=table, identities=identities)
    return _postgresql_insert_only(table=table)


# Apps above this one add theirs when they are ready: one check and one repair serve them all.
GUARDS = [Guard(migration=("audit", "0002_append_only_triggers"), wanted=wanted)]


def install(connection: BaseDatabaseWrapper, which: Wanted = wanted) -> None:
    """Make every trigger, replacing what there is."""
    lift(connection, which)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for function in _FUNCTIONS:
                cursor.execute(function)
        for trigger in which(connection.vendor):
            for statement in trigger.statements:
                cursor.execute(statement)


def lift(connection: BaseDatabaseWrapper, which: Wanted = wanted) -> None:
    """Remove every trigger: for a migration that must alter one of the tables."""
    on_table = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        for trigger in which(connection.vendor):
            place = f" ON {trigger.table}" if on_table else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}{place}")


def missing(connection: BaseDatabaseWrapper, which: Wanted = wanted) -> list[Trigger]:
    """Return the triggers that are absent, disabled or (SQLite) altered."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
            present = {sql for (sql,) in cursor.fetchall()}
            return [one for one in which("sqlite") if one.statements[0] not in present]
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgenabled = 'A'")
        names = {name for (name,) in cursor.fetchall()}
        return [one for one in which("postgresql") if one.name not in names]


def restore(connection: BaseDatabaseWrapper, which: Wanted = wanted) -> list[Trigger]:
    """Put back what is missing and return it; touch nothing when all is well."""
    gone = missing(connection, which)
    if gone:
        install(connection, which)
    return gone


def _sqlite() -> list[Trigger]:
    triggers = [
        _sqlite_trigger(
            table="audit_logentry",
            name="audit_logentry_waits_for_its_place",
            event="AFTER INSERT",
            body="INSERT INTO audit_pendingentry (entry_id) VALUES (NEW.id);",
        ),
        _sqlite_refusal(table="audit_pendingentry", event="UPDATE"),
        _sqlite_refusal(table="audit_pendingentry", event="DELETE", condition=_NOT_NUMBERED),
        _sqlite_trigger(
            table="audit_payload",
            name="audit_payload_refuses_destroyed_keys",
            event="BEFORE INSERT",
            condition=_SEALED_BY_DESTROYED,
            body="SELECT RAISE(ABORT, 'this key was destroyed');",
        ),
    ]
    for table, identities in _IDENTITIES.items():
        triggers += _sqlite_insert_only(table=table, identities=identities)
    return triggers


def _sqlite_insert_only(*, table: str, identities: Identities) -> list[Trigger]:
    same = " OR ".join(
        " AND ".join(f'"{column}" = NEW."{column}"' for column in columns) for columns in identities
    )
    return [
        _sqlite_refusal(table=table, event="UPDATE"),
        _sqlite_refusal(table=table, event="DELETE", condition=_DELETE_CONDITIONS.get(table)),
        _sqlite_refusal(
            table=table,
            event="INSERT",
            condition=f"EXISTS (SELECT 1 FROM {table} WHERE {same})",  # noqa: S608  # our own names
        ),
    ]


def _sqlite_refusal(*, table: str, event: str, condition: str | None = None) -> Trigger:
    return _sqlite_trigger(
        table=table,
        name=f"{table}_refuses_{event.lower()}",
        event=f"BEFORE {event}",
        condition=condition,
        body=f"SELECT RAISE(ABORT, '{table} is append-only');",
    )


def _sqlite_trigger(
    *, table: str, name: str, event: str, body: str, condition: str | None = None
) -> Trigger:
    when = f" WHEN {condition}" if condition else ""
    statement = f"CREATE TRIGGER {name} {event} ON {table} FOR EACH ROW{when} BEGIN {body} END"
    return Trigger(name=name, table=table, statements=(statement,))


# 23000 makes Django raise IntegrityError, as it does on SQLite.
_REFUSE = "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '23000';"
_FUNCTIONS = (
    f"""CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {_REFUSE} END $$""",
    f"""CREATE OR REPLACE FUNCTION audit_refuse_readable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF {_STILL_READABLE} THEN {_REFUSE} END IF; RETURN OLD; END $$""",
    f"""CREATE OR REPLACE FUNCTION audit_refuse_not_numbered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF {_NOT_NUMBERED} THEN {_REFUSE} END IF; RETURN OLD; END $$""",
    f"""CREATE OR REPLACE FUNCTION audit_refuse_destroyed_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF {_SEALED_BY_DESTROYED} THEN
RAISE EXCEPTION 'this key was destroyed' USING ERRCODE = '23000';
END IF; RETURN NEW; END $$""",
    """CREATE OR REPLACE FUNCTION audit_wait_for_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO audit_pendingentry (entry_id) VALUES (NEW.id); RETURN NULL; END $$""",
)
FUNCTION_NAMES = (
    "audit_refuse",
    "audit_refuse_readable",
    "audit_refuse_not_numbered",
    "audit_refuse_destroyed_keys",
    "audit_wait_for_place",
)
_DELETE_FUNCTIONS = {
    "audit_payload": "audit_refuse_readable",
    "audit_pendingentry": "audit_refuse_not_numbered",
}


def _postgresql() -> list[Trigger]:
    triggers = [
        _postgresql_trigger(
            table="audit_logentry",
            name="audit_logentry_waits_for_its_place",
            event="AFTER INSERT",
            function="audit_wait_for_place",
        ),
        _postgresql_trigger(
            table="audit_payload",
            name="audit_payload_refuses_destroyed_keys",
            event="BEFORE INSERT",
            function="audit_refuse_destroyed_keys",
        ),
    ]
    for table in (*_IDENTITIES, "audit_pendingentry"):
        triggers += _postgresql_insert_only(table=table)
    return triggers


def _postgresql_insert_only(*, table: str) -> list[Trigger]:
    functions = {"DELETE": _DELETE_FUNCTIONS.get(table, "audit_refuse")}
    return [
        _postgresql_trigger(
            table=table,
            name=f"{table}_refuses_{event.lower()}",
            event=f"BEFORE {event}",
            function=functions.get(event, "audit_refuse"),
        )
        for event in ("UPDATE", "DELETE", "TRUNCATE")
    ]


def _postgresql_trigger(*, table: str, name: str, event: str, function: str) -> Trigger:
    each = "STATEMENT" if event.endswith("TRUNCATE") else "ROW"
    return Trigger(
        name=name,
        table=table,
        statements=(
            f"CREATE TRIGGER {name} {event} ON {table} FOR EACH {each} EXECUTE FUNCTION {function}()",
            # Ordinary triggers sleep when session_replication_role is replica.
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
        ),
    )
