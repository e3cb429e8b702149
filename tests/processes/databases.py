"""A fresh database for tests that need real commits and several processes, beside the one pytest rolls back."""

import atexit
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

A_BUSY_MACHINE = 900  # seconds; ends what hangs, and nothing that is merely slow
ROLE = "regie_everything"
# Roles are of the whole server, and several processes run tests on one.
_MAKE_ROLE = f"""DO $$ BEGIN CREATE ROLE {ROLE} NOLOGIN
IN ROLE regie_app, regie_integrator, regie_publisher, regie_eraser, regie_reader;
EXCEPTION WHEN duplicate_object OR unique_violation OR internal_error THEN NULL; END $$"""
ROOT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def fresh_environment(folder: Path, *, is_migrated: bool = True) -> Iterator[dict[str, str]]:
    """Yield an environment with its own data folder, and its own PostgreSQL database when the tests run on one.

    There the tables are made by their owner, and the program then runs in the role that docs/operate.md
    gives to one process that does everything; unless the test is about a database without tables.
    """
    environment = {
        name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"
    }
    environment["REGIE_DATA_DIR"] = str(folder)
    server = environment.get("REGIE_DATABASE_URL", "")
    if not server.startswith("postgres"):
        environment.pop("REGIE_DATABASE_URL", None)
        yield environment
        return
    name = f"regie_{secrets.token_hex(6)}"
    like = f'TEMPLATE "{_migrated(server)}"' if is_migrated else ""
    administer(server, f'CREATE DATABASE "{name}" {like}')
    try:
        role = f"assume_role={ROLE}" if is_migrated else ""
        environment["REGIE_DATABASE_URL"] = _address(server, name, role)
        yield environment
    finally:
        administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@cache
def _migrated(server: str) -> str:
    """Make, once for all tests of this process, a database with tables and rights, and return its name."""
    name = f"regie_{secrets.token_hex(6)}"
    administer(server, f'CREATE DATABASE "{name}"')
    atexit.register(administer, server, f'DROP DATABASE "{name}" WITH (FORCE)')
    environment = {**os.environ, "REGIE_DATABASE_URL": _address(server, name)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    for command in (["migrate", "--verbosity", "0"], ["grant_roles"]):
        manage(*command, environment=environment)
    administer(server, _MAKE_ROLE)
    return name


def _address(server: str, name: str, query: str = "") -> str:
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}", query=query))


def as_owner(address: str) -> str:
    """Return the address by which an administrator reaches the same database, with programs of PostgreSQL too."""
    return urlunsplit(urlsplit(address)._replace(query=""))


def manage(
    *arguments: str, environment: dict[str, str], check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` in a process of its own and return what it said."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=A_BUSY_MACHINE,
        check=check,
    )


def python(*arguments: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start Python in a process of its own, with the settings of the product."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> str:
    """Return the last line of a process, once it has ended well."""
    out, err = process.communicate(timeout=A_BUSY_MACHINE)
    assert process.returncode == 0, err
    return out.strip().splitlines()[-1]


def administer(server: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(_address(server, "postgres"), autocommit=True) as connection:
        connection.execute(statement)
