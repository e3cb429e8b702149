"""The database must hold every trigger that keeps the log and the records append-only, and nobody who was erased."""

from collections.abc import Sequence
from datetime import timedelta

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from audit import erasure_journal, queries, triggers

LONGEST_EPOCH = timedelta(days=30)
_KEYS = ("audit", "0006_erasure_removes_what_was_sealed")


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


@register(Tags.database)
def erased_stays_erased(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001
    databases: Sequence[str] | None,
    **_later: object,
) -> list[CheckMessage]:
    """Report keys that came back with a backup, and a master key that keeps old copies readable."""
    found: list[CheckMessage] = []
    for alias in databases or []:
        if _KEYS not in MigrationRecorder(connections[alias]).applied_migrations():
            continue
        found += [Error(fault.sentence, id="audit.E002") for fault in erasure_journal.faults()]
        began = queries.epoch_began()
        if began and not settings.DEMO and timezone.now() - began > LONGEST_EPOCH:  # noqa: TID251  # an edge
            found.append(
                Warning(
                    "The master key is more than 30 days old: what was erased since can still be read in copies.",
                    hint="Run `manage.py rotate_master_key`, then make a backup of the database and of the keys.",
                    id="audit.W001",
                )
            )
    return found
