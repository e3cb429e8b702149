"""How a trigger is written for SQLite and for PostgreSQL. `audit.triggers` says which there must be."""

from dataclasses import dataclass

Identities = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    name: str
    table: str
    statements: tuple[str, ...]


def insert_only(*, vendor: str, table: str, identities: Identities) -> list[Trigger]:
    """Return the triggers that let rows be added to a table and nothing else, for any app.

    `identities` are the columns by which a row is known: its primary key and its unique keys, and
    on SQLite `rowid` when the primary key is not another name for it.
    """
    if vendor == "sqlite":
        return [
            sqlite_refusal(table=table, event="UPDATE"),
            sqlite_refusal(table=table, event="DELETE"),
            sqlite_replace_guard(table=table, identities=identities),
        ]
    return [postgresql_refusal(table=table, event=event) for event in _REFUSED]


def sqlite_replace_guard(*, table: str, identities: Identities) -> Trigger:
    """Return the trigger against `INSERT OR REPLACE`, which deletes without asking a trigger."""
    same = " OR ".join(
        " AND ".join(f'"{column}" = NEW."{column}"' for column in columns) for columns in identities
    )
    return sqlite_refusal(
        table=table,
        event="INSERT",
        condition=f"EXISTS (SELECT 1 FROM {table} WHERE {same})",  # noqa: S608  # our own names
    )


def sqlite_refusal(*, table: str, event: str, condition: str | None = None) -> Trigger:
    return sqlite_trigger(
        table=table,
        name=f"{table}_refuses_{event.lower()}",
        event=f"BEFORE {event}",
        condition=condition,
        body=f"SELECT RAISE(ABORT, '{table} is append-only');",
    )


def sqlite_trigger(
    *, table: str, name: str, event: str, body: str, condition: str | None = None
) -> Trigger:
    when = f" WHEN {condition}" if condition else ""
    statement = f"CREATE TRIGGER {name} {event} ON {table} FOR EACH ROW{when} BEGIN {body} END"
    return Trigger(name=name, table=table, statements=(statement,))


_REFUSED = ("UPDATE", "DELETE", "TRUNCATE")
# 23000 makes Django raise IntegrityError, as it does on SQLite.
REFUSE = "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '23000';"


def postgresql_function(text: str, *, schema: str) -> str:
    """Return a function that looks in our own tables, whatever a caller gave the same name.

    A temporary table or view comes first otherwise, and one function here works with the rights of the owner.
    """
    head, body = text.split(" AS $$", 1)
    return f"{head} SET search_path TO {schema}, pg_temp AS $${body}"


def postgresql_refusal(
    *, table: str, event: str, function: str = "audit_refuse", condition: str | None = None
) -> Trigger:
    return postgresql_trigger(
        table=table,
        name=f"{table}_refuses_{event.lower()}",
        event=f"BEFORE {event}",
        function=function,
        condition=condition,
    )


def postgresql_trigger(
    *, table: str, name: str, event: str, function: str, condition: str | None = None
) -> Trigger:
    each = "STATEMENT" if event.endswith("TRUNCATE") else "ROW"
    when = f" WHEN ({condition})" if condition else ""
    place = f"{event} ON {table} FOR EACH {each}{when}"
    return Trigger(
        name=name,
        table=table,
        statements=(
            f"CREATE TRIGGER {name} {place} EXECUTE FUNCTION {function}()",
            # Ordinary triggers sleep when session_replication_role is replica.
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
        ),
    )
