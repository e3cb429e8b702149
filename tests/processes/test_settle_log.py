"""A process that numbers and signs goes on when the database hangs up on it, and stops when it is told to."""

import signal
from pathlib import Path

import pytest

from tests.processes.databases import A_BUSY_MACHINE, fresh_environment, manage, python, said

pytestmark = pytest.mark.processes

# Append; on PostgreSQL hang up on everyone else; append again; wait until both have their place.
DISTURB = f"""
import django
django.setup()
from threading import Event as Pause
from time import monotonic
from django.db import connection, transaction
from audit import operations
from audit.models import Leaf
from tests.audit.builders import an_event

def append():
    with transaction.atomic():
        operations.append(an_event())

append()
if connection.vendor == "postgresql":
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")  # only an administrator may do that
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
append()
end = monotonic() + {A_BUSY_MACHINE}
while Leaf.objects.count() < 2 and monotonic() < end:
    Pause().wait(0.05)
print(Leaf.objects.count())
"""


def test_it_survives_a_database_that_hangs_up(tmp_path: Path) -> None:
    with fresh_environment(tmp_path) as environment:
        manage("migrate", "--verbosity", "0", environment=environment)
        settling = python("manage.py", "settle_log", "--every", "0.02", environment=environment)
        assert settling.stdout is not None
        assert "Ctrl-C stops it" in settling.stdout.readline()

        numbered = said(python("-c", DISTURB, environment=environment))
        settling.send_signal(signal.SIGTERM)
        settling.communicate(timeout=A_BUSY_MACHINE)

    assert numbered == "2"
    assert settling.returncode == 0
