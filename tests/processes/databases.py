"""A fresh database for tests that need real commits and several processes, beside the one pytest rolls back."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

A_BUSY_MACHINE = 900  # seconds; ends what hangs, and nothing that is merely slow
ROOT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def fresh_environment(folder: Path) -> Iterator[dict[str, str]]:
    """Yield an environment with its own data folder, and its own PostgreSQL database when the tests run on one."""
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
    parts = urlsplit(server)
    administer(server, f'CREATE DATABASE "{name}"')
    try:
        environment["REGIE_DATABASE_URL"] = urlunsplit(parts._replace(path=f"/{name}"))
        yield environment
    finally:
        administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


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

    parts = urlsplit(server)
    with psycopg.connect(
        urlunsplit(parts._replace(path="/postgres")), autocommit=True
    ) as connection:
        connection.execute(statement)
