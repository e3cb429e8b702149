"""PostgreSQL crashes right after a head was signed. The head in the journal must be one that the database still has.

The server is one that confirms commits before they are on disk, and takes its time to write them. With
nobody else at work nothing carries a commit along: this is the case in which a mistake shows.
"""

import json
import os
from pathlib import Path

import psycopg
import pytest

from tests import postgresql
from tests.processes.databases import A_BUSY_MACHINE, manage, python

UNHURRIED = "-c synchronous_commit=off -c wal_writer_delay=10s -c autovacuum=off"


def size_in_journal(folder: Path) -> int:
    last = (folder / "log" / "journal").read_bytes().splitlines()[-1]
    return int(json.loads(last)["note"].split("\n")[1])


def size_in_database(server: postgresql.Server) -> int:
    with psycopg.connect(server.url) as database:
        row = database.execute("SELECT max(size) FROM audit_checkpoint").fetchone()
    return row[0] if row and row[0] else 0


def crash_after_signing(way: str, server: postgresql.Server, folder: Path) -> tuple[int, int]:
    """Return how many entries the journal, and the database that came up again, say were signed."""
    environment = {
        **os.environ, "REGIE_DATABASE_URL": server.url, "REGIE_DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }  # fmt: skip
    with psycopg.connect(server.url.removesuffix("regie") + "postgres", autocommit=True) as first:
        first.execute("CREATE DATABASE regie")
    manage("migrate", "--verbosity", "0", environment=environment)
    with psycopg.connect(server.url, autocommit=True) as flushed:
        flushed.execute("CHECKPOINT")
    signing = python("-m", "tests.processes.crash", way, environment=environment)
    _, complaint = signing.communicate(timeout=A_BUSY_MACHINE)
    assert signing.returncode == 0, complaint
    server.stop()
    server.start()
    verified = manage("verify_log", environment=environment, check=False)
    found = size_in_journal(folder), size_in_database(server)
    assert (verified.returncode == 0) == (found[0] == found[1]), verified.stdout
    return found


@pytest.mark.parametrize(("way", "lost"), [("as we do", 0), ("careless", 1)])
def test_a_crash_of_the_database_takes_back_no_signed_head(
    way: str, lost: int, tmp_path: Path
) -> None:
    home = postgresql.programs()
    if home is None:
        pytest.skip("PostgreSQL is not installed")
    with postgresql.temporary_server(home, options=UNHURRIED) as server:
        in_journal, in_database = crash_after_signing(way, server, tmp_path)

    assert in_journal == 1
    assert in_database == in_journal - lost
