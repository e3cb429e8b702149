"""Number and sign once, and say when the journal has it. With `careless`, without asking for a commit that lasts."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402

from audit import integration, operations  # noqa: E402
from audit.events import EventKind  # noqa: E402
from tests.audit.builders import NOW, an_event  # noqa: E402


def careless() -> bool:
    """Take the lock, and leave the commit to when the server has time for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(1)")
    return True


def main(way: str) -> None:
    if way == "careless":
        integration.is_alone = careless
    with transaction.atomic():
        operations.append(an_event(kind=EventKind.LOG_READ, subject_id=None))
    operations.settle(at=NOW)


if __name__ == "__main__":
    main(sys.argv[1])
