"""Whoever steals the database, as it lies on disk or as a dump, reads nobody's name in it and opens no door with it (T4)."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes.databases import A_BUSY_MACHINE, fresh_environment, manage, python
from tests.processes.test_erasure import database_file, dumped, is_on_sqlite

pytestmark = pytest.mark.processes


def spellings(text: str) -> Iterator[bytes]:
    """Yield a text as it could stand in a database: as it is, in hexadecimal digits, and in base64."""
    as_bytes = text.encode()
    yield as_bytes
    yield as_bytes.hex().encode()
    for before, mixed in (
        (0, 0),
        (1, 2),
        (2, 3),
    ):  # bytes in front of it, and signs that tell of them
        until = (before + len(as_bytes)) * 8 // 6
        yield base64.b64encode(b"x" * before + as_bytes)[mixed:until]


def spellings_of_key(text: str) -> Iterator[bytes]:
    """Yield a secret in base32 as people see it, and as the bytes that it stands for."""
    secret = base64.b32decode(text)
    yield from spellings(text)
    yield from (secret, secret.hex().encode(), base64.b64encode(secret)[:24])


def spellings_of_code(code: str) -> Iterator[bytes]:
    yield from spellings(code)
    yield from spellings(code.replace("-", ""))


def found(content: bytes, told: dict[str, Any]) -> list[str]:
    """Return the kinds of thing that can be read in a dump."""
    low = content.lower()
    kinds: dict[str, list[bytes]] = {
        fact: [form for one in told["people"] if one[fact] for form in spellings(one[fact])]
        for fact in ("email", "name", "reference", "password")
    }
    for kind in ("held", "cookies", "typed"):
        kinds[kind] = [form for text in told[kind] for form in spellings(text)]
    kinds["secret"] = [
        form for text in [*told["secrets"], told["secret"]] for form in spellings_of_key(text)
    ]
    kinds["code"] = [form for code in told["codes"] for form in spellings_of_code(code)]
    assert all(kinds.values())
    return [kind for kind, forms in kinds.items() if any(form.lower() in low for form in forms)]


def test_a_dump_of_the_seeded_database_names_nobody_and_opens_nothing(tmp_path: Path) -> None:
    with fresh_environment(tmp_path) as environment:
        environment |= {"REGIE_ALLOWED_HOSTS": "localhost", "REGIE_DEMO": "yes"}
        if is_on_sqlite(environment):
            manage("migrate", "--verbosity", "0", environment=environment)
        seeding = python("-m", "tests.processes.seeded", environment=environment)
        assert seeding.stdout
        line = seeding.stdout.readline()
        content = dumped(environment) if line else b""
        is_last_written_there = database_file(environment).with_name("regie.sqlite3-wal").exists()
        _, errors = seeding.communicate("stop\n", timeout=A_BUSY_MACHINE)
        around = b"".join(
            one.read_bytes() for one in (tmp_path / "log").rglob("*") if one.is_file()
        )

    assert seeding.returncode == 0, errors
    told = json.loads(line)
    assert b"lekwaarschuwing" in content  # it is the whole database
    assert is_last_written_there == is_on_sqlite(environment)
    assert len(told["people"]) >= 14
    assert len(told["held"]) > 100
    assert found(content, told) == []
    assert found(around, told) == []
    assert found(errors.encode(), told) == []


@pytest.mark.parametrize("spell", [spellings, spellings_of_code])
def test_the_search_finds_what_is_there(spell: Any) -> None:
    told: dict[str, Any] = {
        "people": [
            {
                "email": "E-kanarie",
                "name": "N-kanarie",
                "reference": "R-kanarie",
                "password": "P-kanarie",
            }
        ],
        "secrets": [],
        "secret": "KANARIEKANARIEKANARIEKANARIEKANA",
        "held": ["H-kanarie-kanarie"],
        "cookies": ["C-kanarie-kanarie"],
        "typed": ["T-kanarie-kanarie"],
        "codes": ["KANA-R1E5-KANA-R1E5"],
    }

    for form in spell("KANA-R1E5-KANA-R1E5"):
        assert found(b"before " + form + b" after", told) == ["code"]
    for form in spellings_of_key(told["secret"]):
        assert "secret" in found(b"before " + form + b" after", told)
