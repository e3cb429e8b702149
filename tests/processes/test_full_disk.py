"""The disk of the journal is full: entries are still taken and numbered, nothing is signed, and room repairs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes.databases import A_BUSY_MACHINE, ROOT, fresh_environment, manage

pytestmark = pytest.mark.processes

IN_A_SMALL_DISK = 'mount -t tmpfs -o size=8k tmpfs "$REGIE_DATA_DIR/log" && exec "$0" "$@"'


def on_a_small_disk(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run in a name space of its own, so that nobody else sees the disk, and it goes with the process."""
    maps = [] if os.geteuid() == 0 else ["--map-root-user"]
    space = ["unshare", *maps, "--mount", "sh", "-c", IN_A_SMALL_DISK]
    return subprocess.run(
        [*space, sys.executable, "-m", "tests.processes.full_disk"],
        cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=A_BUSY_MACHINE,
        check=False,
    )


def test_a_full_disk_stops_the_signing_and_nothing_else(tmp_path: Path) -> None:
    with fresh_environment(tmp_path) as environment:
        manage("migrate", "--verbosity", "0", environment=environment)
        (tmp_path / "log").mkdir(exist_ok=True)
        done = on_a_small_disk(environment)
    if done.stderr.startswith(("mount:", "unshare:")):
        pytest.skip(f"this machine lets nobody mount a small disk: {done.stderr.strip()}")

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["heads"] > 1
    assert "No space left on device" in found["complaint"]
    assert "New heads are not signed" in found["complaint"]
    assert found["repaired"] == ""
    assert all(found[name] for name in ("stays", "numbered", "agree", "signed", "sound"))
