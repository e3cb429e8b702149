"""Let the database itself refuse to change or delete a consent record or a notice version."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# Per table, what identifies a row: `INSERT OR REPLACE` on SQLite deletes without asking a trigger.
TABLES = {
    "consent_consentrecord": ("id = NEW.id", "reference = NEW.reference"),
    "consent_noticeversion": ("id = NEW.id", "purpose_id = NEW.purpose_id AND number = NEW.number"),
}


def refuse_changes(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    vendor = schema_editor.connection.vendor
    for table, identities in TABLES.items():
        for sql in (_postgresql if vendor == "postgresql" else _sqlite)(table, identities):
            schema_editor.execute(sql, params=None)


def allow_changes(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    on_table = schema_editor.connection.vendor == "postgresql"
    for table in TABLES:
        for event in ("update", "delete", "truncate", "insert"):
            place = f" ON {table}" if on_table else ""
            schema_editor.execute(
                f"DROP TRIGGER IF EXISTS {table}_refuses_{event}{place}", params=None
            )


def _sqlite(table: str, identities: tuple[str, ...]) -> list[str]:
    refusal = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    same = " OR ".join(f"({identity})" for identity in identities)
    return [
        f"CREATE TRIGGER {table}_refuses_update BEFORE UPDATE ON {table} {refusal}",
        f"CREATE TRIGGER {table}_refuses_delete BEFORE DELETE ON {table} {refusal}",
        f"CREATE TRIGGER {table}_refuses_insert BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refusal}",
    ]


def _postgresql(table: str, identities: tuple[str, ...]) -> list[str]:
    statements = []
    for event, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
        name = f"{table}_refuses_{event}"
        statements += [
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} "
            f"FOR EACH {each} EXECUTE FUNCTION audit_refuse()",
            # Ordinary triggers sleep when session_replication_role is replica.
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
        ]
    return statements


class Migration(migrations.Migration):
    dependencies = [("consent", "0001_initial"), ("audit", "0002_append_only_triggers")]
    operations = [migrations.RunPython(refuse_changes, allow_changes)]
