"""The database must hold every trigger that keeps the log and the records append-only."""

from collections.abc import Sequence

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from audit import triggers


def guards_of(alias: str) -> list[triggers.Guard]:
    """Return the guards whose triggers this database is past the migration of."""
    applied = MigrationRecorder(connections[alias]).applied_migrations()
    return [guard for guard in triggers.GUARDS if guard.migration in applied]


@register(Tags.database)
def log_is_append_only(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001
    databases: Sequence[str] | None,
    **_later: object,
) -> list[CheckMessage]:
    """Report each trigger that is missing, disabled or altered."""
    return [
        Error(
            f"The trigger {trigger.name} on {trigger.table} is missing, so its rows can be changed.",
            hint="Run `manage.py migrate --skip-checks`, which puts it back, then `verify_log`.",
            id="audit.E001",
        )
        for alias in databases or []
        for guard in guards_of(alias)
        for trigger in triggers.missing(connections[alias], guard.wanted)
    ]
