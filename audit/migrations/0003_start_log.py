from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from audit.merkle import EMPTY_ROOT


def start_log(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("audit", "LogHead").objects.get_or_create(id=1, defaults={"root": EMPTY_ROOT})


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only_triggers")]
    operations = [migrations.RunPython(start_log, migrations.RunPython.noop)]
