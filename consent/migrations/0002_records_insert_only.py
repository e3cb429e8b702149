"""Let the database itself refuse to change or delete a consent record or a notice version."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from audit.triggers import install, lift
from consent.triggers import wanted_at_first


def refuse_changes(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    install(schema_editor.connection, wanted_at_first)


def allow_changes(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    lift(schema_editor.connection, wanted_at_first)


class Migration(migrations.Migration):
    dependencies = [("consent", "0001_initial"), ("audit", "0002_append_only_triggers")]
    operations = [migrations.RunPython(refuse_changes, allow_changes)]
