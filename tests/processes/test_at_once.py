"""One person, several requests at the same moment: one of them counts. With real commits, on a database of its own."""

import json
from pathlib import Path

import pytest

from tests.processes.databases import fresh_environment, manage, python, said

pytestmark = pytest.mark.processes


def test_of_what_is_done_at_once_one_thing_counts(tmp_path: Path) -> None:
    with fresh_environment(tmp_path) as environment:
        environment["REGIE_ALLOWED_HOSTS"] = "testserver"
        manage("migrate", "--verbosity", "0", environment=environment)
        found = json.loads(said(python("-m", "tests.processes.at_once", environment=environment)))

    assert found == {
        "firstApps": {
            "outcomes": {"confirmed": 1, "AlreadyEnrolledError": 5},
            "apps": 1,
            "logged": 1,
        },
        "oneCode": {
            "outcomes": {"/mijn-gegevens/#inhoud": 1, "/inloggen/#inhoud": 5},
            "sessions": 1,
            "logged": 1,
        },
    }


def test_of_one_way_to_an_account_one_use_counts(tmp_path: Path) -> None:
    with fresh_environment(tmp_path) as environment:
        manage("migrate", "--verbosity", "0", environment=environment)
        found = json.loads(
            said(python("-m", "tests.processes.ways_at_once", environment=environment))
        )

    assert found == {
        "activated": {"True": 1, "False": 5},
        "letter": {"right": 1, "WrongCodeError": 5},
        "request": {"links": 1},
        "recovery": {
            "opened": {"True": 1, "CaseExistsError": 5},
            "approved": {"True": 1, "False": 5},
            "finished": {"1": 1, "0": 5},
        },
        "notices": 1,
    }


def test_of_passkeys_that_answer_at_once_one_counts(tmp_path: Path) -> None:
    with fresh_environment(tmp_path) as environment:
        environment["REGIE_ALLOWED_HOSTS"] = "testserver"
        manage("migrate", "--verbosity", "0", environment=environment)
        program = "tests.processes.passkeys_at_once"
        found = json.loads(said(python("-m", program, environment=environment)))

    assert found == {
        "firstPasskeys": {
            "outcomes": {"made": 1, "AlreadyEnrolledError": 5},
            "passkeys": 1,
            "logged": 1,
        },
        "oneQuestion": {
            "outcomes": {"/mijn-gegevens/#inhoud": 1, "refused": 5},
            "logged": 1,
        },
        "copies": {"outcomes": {"/mijn-gegevens/#inhoud": 1, "refused": 5}},
    }
