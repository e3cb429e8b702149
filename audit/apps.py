"""The app of the log."""

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate  # noqa: TID251  # see `ready`


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        # The one signal of this project: only Django knows when the last migration was done, and on
        # SQLite any migration that alters a table drops its triggers in silence.
        from audit import checks  # noqa: F401, PLC0415  # registers itself, once models are loaded

        post_migrate.connect(_restore_triggers, sender=self)


def _restore_triggers(*, using: str, **_later: object) -> None:
    from audit import checks, triggers  # noqa: PLC0415  # models are not loaded before `ready`

    for guard in checks.guards_of(using):
        triggers.restore(connections[using], guard.wanted)
