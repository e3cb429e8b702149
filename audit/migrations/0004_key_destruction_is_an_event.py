import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from audit import triggers


def guard_keys(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.install(
        schema_editor.connection
    )  # all: on SQLite those of the log now ask for the rowid


def leave_keys(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.lift(schema_editor.connection, triggers.wanted_for_keys)


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_start_log")]
    operations = [
        migrations.CreateModel(
            name="Erasure",
            fields=[
                (
                    "key",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="erasure",
                        serialize=False,
                        to="audit.key",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("owner", "Owner"), ("month", "Month")], max_length=5
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "entry",
                    models.OneToOneField(
                        db_column="entry_uid",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="erasure",
                        to="audit.logentry",
                        to_field="uid",
                    ),
                ),
            ],
        ),
        migrations.RunPython(guard_keys, leave_keys),
    ]
