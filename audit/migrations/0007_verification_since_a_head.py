from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from audit import triggers


def of_runs(vendor: str) -> list[triggers.Trigger]:
    return [one for one in triggers.wanted(vendor) if one.table == "audit_verificationrun"]


def lift(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.lift(schema_editor.connection, of_runs)


def install(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.install(schema_editor.connection, of_runs)


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_erasure_removes_what_was_sealed")]
    operations = [
        migrations.RunPython(lift, install),
        migrations.AddField(
            model_name="verificationrun",
            name="since",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.RunPython(install, lift),
    ]
