"""What cannot be logged did not happen: with real commits, on a database of its own."""

import json
from pathlib import Path

import pytest

from tests.processes.databases import fresh_environment, manage, python, said

pytestmark = pytest.mark.processes


def test_what_cannot_be_logged_leaves_nothing_behind(tmp_path: Path) -> None:
    with fresh_environment(tmp_path, is_migrated=False) as environment:  # it makes a trigger
        manage("migrate", "--verbosity", "0", environment=environment)
        found = json.loads(said(python("-m", "tests.processes.halfway", environment=environment)))

    nothing = {"failed": True, "changed": {}}
    assert found == {"loading": nothing, "choosing": nothing, "asking": nothing}
