"""Erasure and the epochs of the master key on a whole installation: killed halfway, dumped, restored, rotated."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.postgresql import programs
from tests.processes.databases import (
    A_BUSY_MACHINE,
    administer,
    as_owner,
    fresh_environment,
    manage,
    python,
    said,
)

pytestmark = pytest.mark.processes

ERASING = "tests.processes.erasing"
CLEAR = ("Zonneschijn", "zonneschijn@voorbeeld.example", "VW-7300123")
ERASE = ("erase_subject", "VW-7300123", "--request", "AVG-1", "--yes")


def step(*arguments: str, environment: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        said(python("-m", ERASING, *arguments, environment=environment))
    )
    return found


def database_file(environment: dict[str, str]) -> Path:
    return Path(environment["REGIE_DATA_DIR"]) / "regie.sqlite3"


def is_on_sqlite(environment: dict[str, str]) -> bool:
    return "REGIE_DATABASE_URL" not in environment


@contextmanager
def restored(environment: dict[str, str], name: str) -> Iterator[dict[str, str]]:
    """Yield an environment with a copy of the database as it is now, and the key folder and journals of always."""
    if is_on_sqlite(environment):
        path = database_file(environment).with_name(f"{name}.sqlite3")
        shutil.copy(database_file(environment), path)
        yield {**environment, "REGIE_DATABASE_URL": f"sqlite:///{path}"}
        return
    parts = urlsplit(environment["REGIE_DATABASE_URL"])
    copy = f"{parts.path[1:]}_{name}"
    server = environment["REGIE_DATABASE_URL"]
    administer(server, f'CREATE DATABASE "{copy}" TEMPLATE "{parts.path[1:]}"')
    try:
        yield {**environment, "REGIE_DATABASE_URL": urlunsplit(parts._replace(path=f"/{copy}"))}
    finally:
        administer(server, f'DROP DATABASE "{copy}" WITH (FORCE)')


def dumped(environment: dict[str, str]) -> bytes:
    """Return the whole database as it lies on disk (SQLite), or as `pg_dump` writes it."""
    if is_on_sqlite(environment):
        path = database_file(environment)
        return b"".join(one.read_bytes() for one in sorted(path.parent.glob(f"{path.name}*")))
    home = programs()
    program = str(home / "pg_dump") if home else "pg_dump"
    command = [program, "--dbname", as_owner(environment["REGIE_DATABASE_URL"])]
    return subprocess.run(command, capture_output=True, check=True).stdout


def raw_files(environment: dict[str, str]) -> Iterator[bytes]:
    """Return the files of the PostgreSQL server itself, those that this account may read."""
    import psycopg

    with psycopg.connect(
        as_owner(environment["REGIE_DATABASE_URL"]), autocommit=True
    ) as connection:
        connection.execute("CHECKPOINT")
        (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
    for path in Path(folder).rglob("*"):
        if path.is_file() and os.access(path, os.R_OK):
            yield path.read_bytes()


def holds(content: bytes, *, wrapped: list[str]) -> dict[str, bool]:
    keys = [form for key in wrapped for form in (bytes.fromhex(key), key.encode())]
    return {
        "clear": any(text.encode() in content for text in CLEAR),
        "purpose": b"zwembadcontrole" in content,
        "key": any(key in content for key in keys),
    }


def test_an_erasure_is_killed_and_dumped_and_restored(tmp_path: Path) -> None:
    with fresh_environment(tmp_path) as environment:
        environment["REGIE_ALLOWED_HOSTS"] = "testserver"
        manage("migrate", "--verbosity", "0", environment=environment)
        wrapped = step("seed", environment=environment)["wrapped"]
        before = holds(dumped(environment), wrapped=wrapped)
        with restored(environment, "drill") as backup, restored(environment, "old") as old:
            halfway = step("erase", environment=environment)
            said_first = manage(*ERASE, environment=environment).stdout
            after = dumped(environment)
            looked = step("twice", environment=environment)
            files = [] if is_on_sqlite(environment) else list(raw_files(environment))
            drill = step("drill", environment=backup)
            manage("rotate_master_key", environment=environment)
            stale = step("stale", environment=old)

    assert before == {"clear": False, "purpose": True, "key": True}
    assert halfway == {"survived": [], "anna": "mevrouw Q. Zonneschijn"}
    assert said_first.startswith("Erased: entries 2, keys 2, logins 1. A last e-mail was sent.")
    assert looked["again"].startswith("Nothing to do: request AVG-1 was carried out")
    assert "The log is whole" in looked["log"]
    nothing = {"clear": False, "purpose": False, "key": False}
    assert holds(after, wrapped=wrapped) == nothing
    assert holds(bytes.fromhex(looked["public"]), wrapped=wrapped) == nothing
    assert len(looked["public"]) > 1000
    assert not any(holds(one, wrapped=[])["clear"] for one in files)
    assert (looked["anna"], looked["bram"]) == ("nobody", "de heer B. Bakker")
    assert (looked["erasures"], looked["secureDelete"]) == ([0, 2], 1)
    assert drill == {
        "refused": [True, True],
        "replayed": "Destroyed again: 2 keys.\n",
        "anna": "nobody",
        "bram": "de heer B. Bakker",
    }
    # A copy of before the erasure, with the keys of after the rotation: it opens for nobody.
    assert stale == {"anna": "KeyFileError", "bram": "KeyFileError"}


def test_a_rotation_is_killed_at_any_point_and_noticed_by_whoever_works_on(tmp_path: Path) -> None:
    with fresh_environment(tmp_path) as environment:
        environment["REGIE_ALLOWED_HOSTS"] = "testserver"
        manage("migrate", "--verbosity", "0", environment=environment)
        step("seed", environment=environment)
        rotated = step("rotate", environment=environment)
        ready = tmp_path / "ready"
        os.mkfifo(ready)
        worker = python("-m", ERASING, "work", str(ready), environment=environment)
        ready.read_text()  # waits until it works
        manage("rotate_master_key", environment=environment)
        out, err = worker.communicate("go on\n", timeout=A_BUSY_MACHINE)
        raced = step("race", environment=environment)

    assert rotated == {"survived": [], "epochs": [2, 3]}
    assert worker.returncode == 0, err
    (path,) = (tmp_path / "keys").glob("*master*")
    assert path.name == "master-4.key"
    worked = json.loads(out.splitlines()[-1])
    assert worked == {
        "name": "mevrouw Q. Zonneschijn",
        "newest": json.loads(path.read_text())["id"],
    }
    assert raced["rotations"] == 3
    assert (raced["counted"], raced["refused"], raced["keys"]) == (3, ["IntegrityError"], 3)
    assert (raced["anna"], raced["bram"]) == ("mevrouw Q. Zonneschijn", "de heer B. Bakker")
    assert "The log is whole" in raced["log"]
