"""Whoever numbers and signs may be killed anywhere: the next one goes on, without a gap and without a second head of one size."""

import json
import signal
from pathlib import Path

import pytest

from audit import checkpoint
from audit.keyfiles import signing_key
from audit.witness import memory
from tests.audit.witnessing import WITNESS, serving
from tests.processes.databases import A_BUSY_MACHINE, fresh_environment, manage, python, said

pytestmark = pytest.mark.processes

POINTS = (
    "before numbering", "after numbering", "after the tiles", "after the head", "after numbers are committed",
    "before signing", "before the commit", "after the commit", "in the middle of a line", "after the line",
    "before the witness", "after the witness",
)  # fmt: skip
# The third fills a tile, so that there is one to be killed after.
ENTRIES = (3, 3, 256, *[1] * 9)


def heads(path: Path) -> list[tuple[int, str]]:
    """Return the size and the root of every head in the journal."""
    notes = [json.loads(line)["note"].split("\n") for line in path.read_bytes().splitlines()]
    return [(int(note[1]), note[2]) for note in notes]


def test_a_kill_at_any_point_leaves_no_gap_and_no_second_head(tmp_path: Path) -> None:
    key = signing_key(tmp_path / "keys" / "log.key")
    vkey = checkpoint.verifier_of(key=key, origin="regie.example/log").to_vkey()
    (tmp_path / "witness").mkdir()
    with (
        fresh_environment(tmp_path) as environment,
        serving(tmp_path / "witness", vkeys=[vkey]) as port,
    ):
        policy = tmp_path / "policy"
        policy.write_text(f"witness W {WITNESS.to_vkey()} http://127.0.0.1:{port}\nquorum W\n")
        environment["REGIE_LOG_POLICY"] = str(policy)
        manage("migrate", "--verbosity", "0", environment=environment)
        settling = "tests.processes.settling"
        for point, count in zip(POINTS, ENTRIES, strict=True):
            killed = python("-m", settling, point, str(count), environment=environment)
            assert killed.wait(timeout=A_BUSY_MACHINE) == -signal.SIGKILL, point
            killed.communicate()
        whole = python("-m", settling, "never", "1", environment=environment)
        whole.communicate(timeout=A_BUSY_MACHINE)
        assert whole.returncode == 0
        state = json.loads(
            said(python("-m", "tests.processes.inspect_state", environment=environment))
        )

    assert (state["faults"], state["firstFault"]) == (0, "")
    assert state["entries"] == state["leaves"] == sum(ENTRIES) + 1
    with memory.opened(tmp_path / "witness") as kept:
        assert kept.of("regie.example/log").size == sum(ENTRIES) + 1
    sizes = [size for size, _ in heads(tmp_path / "log" / "journal")]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == sum(ENTRIES) + 1
