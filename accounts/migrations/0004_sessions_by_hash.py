import uuid

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# Sessions were kept by Django, each under the very cookie that opens it.
OLD = "django_session"
MAKE_OLD = """CREATE TABLE IF NOT EXISTS django_session (
  session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date {moment} NOT NULL
)"""


def drop_old_sessions(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute(f"DROP TABLE IF EXISTS {OLD}")


def make_old_sessions(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM django_migrations WHERE app = 'sessions'")
        was_there = cursor.fetchone() is not None
    if was_there:  # else its own migration makes it
        is_sqlite = editor.connection.vendor == "sqlite"
        moment = "datetime" if is_sqlite else "timestamp with time zone"
        editor.execute(MAKE_OLD.format(moment=moment))
        editor.execute(
            f"CREATE INDEX IF NOT EXISTS django_session_expire_date_a5c62663 ON {OLD} (expire_date)"
        )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_roles_of_staff")]
    operations = [
        migrations.CreateModel(
            name="UserSession",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("customer", "Customer"),
                            ("officer", "Officer"),
                            ("desk", "Desk"),
                            ("admin", "Admin"),
                        ],
                        max_length=8,
                    ),
                ),
                ("browser", models.CharField(blank=True, max_length=32)),
                ("data", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True)),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to="accounts.user",
                    ),
                ),
            ],
        ),
        migrations.RunPython(drop_old_sessions, make_old_sessions),
    ]
