"""The order of the log: what committed before another began stands before it, and nothing is skipped or waited for."""

import json
import os
from pathlib import Path

import pytest

from tests.processes.databases import fresh_environment, manage, python, said

pytestmark = pytest.mark.processes

TRANSACTIONS = 1_000


def test_a_thousand_transactions_that_overlap_at_random_keep_their_order(tmp_path: Path) -> None:
    with fresh_environment(tmp_path) as environment:
        manage("migrate", "--verbosity", "0", environment=environment)
        ordered = python(
            "-m", "tests.processes.order", str(TRANSACTIONS), "20261124", environment=environment
        )
        found = json.loads(said(ordered))

    assert found["pairs"] > TRANSACTIONS
    assert found["wrong"] == 0
    assert found["hasNoGap"]
    if os.environ.get("REGIE_DATABASE_URL", "").startswith("postgres"):
        assert found["late"] == {"idsWentUp": True, "isNotWaitedFor": True, "isNotSkipped": True}
