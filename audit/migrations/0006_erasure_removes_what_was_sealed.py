from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from audit import triggers


def lift(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.lift(schema_editor.connection)


def install(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.install(schema_editor.connection)


def remove_what_was_erased(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Keys that were destroyed before left unreadable bytes, and codes that were readable."""
    erased = apps.get_model("audit", "Payload").objects.filter(
        subject_key__destroyed_at__isnull=False
    )
    erased.update(subject_part=None, purpose="", data_category="", recipient="", outcome="")


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_entries_per_kind_and_day")]
    operations = [
        migrations.RunPython(lift, install),
        migrations.AddField("erasure", "request", models.CharField(max_length=64, null=True)),
        migrations.AddField("erasure", "entries", models.PositiveBigIntegerField(null=True)),
        migrations.RunPython(install, lift),
        migrations.RunPython(remove_what_was_erased, migrations.RunPython.noop),
    ]
