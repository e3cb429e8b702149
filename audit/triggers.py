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

from audit import models, payload_triggers, signer_triggers
from audit.trigger_sql import (
    REFUSE,
    Identities,
    Trigger,
    insert_only,
    postgresql_function,
    postgresql_refusal,
    postgresql_trigger,
    sqlite_refusal,
    sqlite_replace_guard,
    sqlite_trigger,
)

__all__ = ["GUARDS", "Guard", "Trigger", "insert_only", "install", "lift", "missing", "restore"]

# Per table that only grows, what identifies a row. On SQLite the rowid does too, where the primary
# key is not another name for it.
_IDENTITIES: dict[str, Identities] = {
    "audit_logentry": (("id",), ("uid",)),
    "audit_leaf": (("index",), ("entry_id",), ("rowid",)),
    "audit_tile": (("id",), ("level", "number")),
    "audit_checkpoint": (("size",), ("rowid",)),
    "audit_verificationrun": (("id",),),
}
_PAYLOADS: Identities = (("entry_id",), ("rowid",))
_ERASURES: dict[str, Identities] = {"audit_erasure": (("key_id",), ("entry_uid",), ("rowid",))}
APPEND_ONLY = (
    models.LogEntry,
    models.Payload,
    models.Leaf,
    models.Tile,
    models.Checkpoint,
    models.VerificationRun,
    models.Erasure,
)

# An entry leaves the queue when it has its place in the log, and not before.
_NOT_NUMBERED = "NOT EXISTS (SELECT 1 FROM audit_leaf WHERE entry_id = OLD.entry_id)"
# A key that lives may be wrapped again by another master key, or be destroyed, once and for all.
_KEPT_OF_A_KEY = ("id", "kind", "owner_id", "month", "created_at")
_OTHERWISE_THAN_A_KEY_CHANGES = (
    "NOT ({kept} AND OLD.destroyed_at IS NULL AND OLD.wrapped IS NOT NULL AND ("
    "(NEW.destroyed_at IS NULL AND NEW.wrapped IS NOT NULL"
    " AND NEW.wrapped <> OLD.wrapped AND NEW.master_key_id <> OLD.master_key_id)"
    " OR (NEW.destroyed_at IS NOT NULL AND NEW.wrapped IS NULL"
    " AND NEW.master_key_id = OLD.master_key_id)))"
)
_SAME_KEY = (
    "EXISTS (SELECT 1 FROM audit_key WHERE id = NEW.id OR rowid = NEW.rowid"
    " OR (kind = 'month' AND NEW.kind = 'month' AND month = NEW.month)"
    " OR (kind = 'owner' AND NEW.kind = 'owner' AND owner_id = NEW.owner_id"
    " AND destroyed_at IS NULL AND NEW.destroyed_at IS NULL))"
)

_PRESENT = (
    "SELECT tgname FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
    " WHERE tgenabled = 'A' AND array_to_string(proconfig, ' ') LIKE 'search_path=%, pg_temp'"
)

Wanted = Callable[[str], list[Trigger]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The triggers of one app (`wanted`, per kind of database), and the migration that makes them."""

    migration: tuple[str, str]
    wanted: Wanted


def wanted(vendor: str) -> list[Trigger]:
    """Return every trigger that this kind of database must have for the log and its keys."""
    return [*wanted_at_first(vendor), *wanted_for_keys(vendor)]


def wanted_at_first(vendor: str) -> list[Trigger]:
    """Return those of the log itself, which stand before there is a table of erasures."""
    return _sqlite() if vendor == "sqlite" else _postgresql()


def wanted_for_keys(vendor: str) -> list[Trigger]:
    """Return those of the keys: none is removed, and one that is destroyed stays destroyed."""
    of_keys = _sqlite_keys() if vendor == "sqlite" else _postgresql_keys()
    return [*of_keys, *_each_insert_only(vendor, _ERASURES)]


# Apps above this one add theirs when they are ready: one check and one repair serve them all.
GUARDS = [
    Guard(migration=("audit", "0004_key_destruction_is_an_event"), wanted=wanted),
    Guard(migration=("audit", "0008_who_signs"), wanted=signer_triggers.wanted),
]


def install(connection: BaseDatabaseWrapper, which: Wanted = wanted) -> None:
    """Make every trigger, replacing what there is."""
    lift(connection, which)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT quote_ident(current_schema())")
            (schema,) = cursor.fetchone()
            for function in _FUNCTIONS:
                cursor.execute(postgresql_function(function, schema=schema))
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
    """Return the triggers that are absent, disabled, altered (SQLite) or misled by other tables (PostgreSQL)."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
            present = {sql for (sql,) in cursor.fetchall()}
            return [one for one in which("sqlite") if one.statements[0] not in present]
        cursor.execute(_PRESENT)
        names = {name for (name,) in cursor.fetchall()}
        return [one for one in which("postgresql") if one.name not in names]


def restore(connection: BaseDatabaseWrapper, which: Wanted = wanted) -> list[Trigger]:
    """Put back what is missing and return it; touch nothing when all is well."""
    gone = missing(connection, which)
    if gone:
        install(connection, which)
    return gone


def _each_insert_only(vendor: str, tables: dict[str, Identities]) -> list[Trigger]:
    return [
        trigger
        for table, identities in tables.items()
        for trigger in insert_only(vendor=vendor, table=table, identities=identities)
    ]


def _sqlite() -> list[Trigger]:
    return [
        sqlite_trigger(
            table="audit_logentry",
            name="audit_logentry_waits_for_its_place",
            event="AFTER INSERT",
            body="INSERT INTO audit_pendingentry (entry_id) VALUES (NEW.id);",
        ),
        sqlite_refusal(table="audit_pendingentry", event="UPDATE"),
        sqlite_refusal(table="audit_pendingentry", event="DELETE", condition=_NOT_NUMBERED),
        sqlite_replace_guard(table="audit_pendingentry", identities=(("entry_id",), ("rowid",))),
        *payload_triggers.of_sqlite(_PAYLOADS),
        *_each_insert_only("sqlite", _IDENTITIES),
    ]


def _sqlite_keys() -> list[Trigger]:
    kept = " AND ".join(f"OLD.{column} IS NEW.{column}" for column in (*_KEPT_OF_A_KEY, "rowid"))
    return [
        sqlite_refusal(
            table="audit_key",
            event="UPDATE",
            condition=_OTHERWISE_THAN_A_KEY_CHANGES.format(kept=kept),
        ),
        sqlite_refusal(table="audit_key", event="DELETE"),
        sqlite_refusal(table="audit_key", event="INSERT", condition=_SAME_KEY),
    ]


_FUNCTIONS = (
    f"""CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {REFUSE} END $$""",
    f"""CREATE OR REPLACE FUNCTION audit_refuse_not_numbered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF {_NOT_NUMBERED} THEN {REFUSE} END IF; RETURN OLD; END $$""",
    *payload_triggers.FUNCTIONS,
    """CREATE OR REPLACE FUNCTION audit_wait_for_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO audit_pendingentry (entry_id) VALUES (NEW.id); RETURN NULL; END $$""",
)
FUNCTION_NAMES = (
    "audit_refuse",
    "audit_refuse_not_numbered",
    *payload_triggers.FUNCTION_NAMES,
    "audit_wait_for_place",
)


def _postgresql() -> list[Trigger]:
    return [
        postgresql_trigger(
            table="audit_logentry",
            name="audit_logentry_waits_for_its_place",
            event="AFTER INSERT",
            function="audit_wait_for_place",
        ),
        *payload_triggers.of_postgresql(),
        *_each_insert_only("postgresql", _IDENTITIES),
        postgresql_refusal(table="audit_pendingentry", event="UPDATE"),
        postgresql_refusal(
            table="audit_pendingentry", event="DELETE", function="audit_refuse_not_numbered"
        ),
        postgresql_refusal(table="audit_pendingentry", event="TRUNCATE"),
    ]


def _postgresql_keys() -> list[Trigger]:
    kept = " AND ".join(
        f"OLD.{column} IS NOT DISTINCT FROM NEW.{column}" for column in _KEPT_OF_A_KEY
    )
    return [
        postgresql_refusal(
            table="audit_key",
            event="UPDATE",
            condition=_OTHERWISE_THAN_A_KEY_CHANGES.format(kept=kept),
        ),
        postgresql_refusal(table="audit_key", event="DELETE"),
        postgresql_refusal(table="audit_key", event="TRUNCATE"),
    ]
