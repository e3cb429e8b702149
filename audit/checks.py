"""The database must hold every trigger that keeps the log append-only."""

from collections.abc import Sequence

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from audit import triggers

_MIGRATION = ("audit", "0002_append_only_triggers")


def has_triggers_migrated(alias: str) -> bool:
    """Say whether this database is past the migration that makes the triggers."""
    return _MIGRATION in MigrationRecorder(connections[alias]).applied_migrations()


@register(Tags.database)
def log_is_append_only(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001
    databases: Sequence[str] | None,
    **_later: object,
) -> list[CheckMessage]:
    """Report each trigger that is missing, disabled or altered."""
    return [
        Error(
            f"The trigger {trigger.name} on {trigger.table} is missing, so the log can be changed.",
            hint="Run `manage.py migrate --skip-checks`, which puts it back, then `verify_log`.",
            id="audit.E001",
        )
        for alias in databases or []
        if has_triggers_migrated(alias)
        for trigger in triggers.missing(connections[alias])
    ]
