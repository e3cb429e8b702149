"""Rows pass through the queue and are gone. PostgreSQL cleans a table when a fifth of it is dead; of one
that is nearly always empty that is at once or far too late, so here it counts rows (docs/decisions/0002)."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

SETTINGS = {
    "autovacuum_vacuum_scale_factor": 0,
    "autovacuum_vacuum_threshold": 1000,
    "autovacuum_vacuum_cost_delay": 0,
    "autovacuum_analyze_scale_factor": 0,
    "autovacuum_analyze_threshold": 5000,
}


def clean_often(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        settings = ", ".join(f"{name} = {value}" for name, value in SETTINGS.items())
        schema_editor.execute(f"ALTER TABLE audit_pendingentry SET ({settings})", params=None)


def clean_as_usual(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"ALTER TABLE audit_pendingentry RESET ({', '.join(SETTINGS)})", params=None
        )


class Migration(migrations.Migration):
    dependencies = [("audit", "0008_who_signs")]
    operations = [migrations.RunPython(clean_often, clean_as_usual)]
