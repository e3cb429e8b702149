"""Eight processes at once, on a database of their own: nothing lost, no gap, no yes after a withdrawal."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes.databases import A_BUSY_MACHINE, ROOT, fresh_environment, manage

pytestmark = pytest.mark.processes

PROCESSES = 8
ROUNDS = 12
PREPARE = """
import django
django.setup()
from django.utils import timezone
from pathlib import Path
from consent.catalogue import read_catalogue
from consent.loading import load_catalogue
from consent.demo.people import load_people
load_catalogue(catalogue=read_catalogue(Path("consent/catalogues/vechtwater.yaml")), at=timezone.now())
load_people(at=timezone.now())
from consent.models import NoticeVersion
print(NoticeVersion.objects.get(purpose__slug="lekwaarschuwing").number)
"""


def python(*arguments: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=A_BUSY_MACHINE)
    assert process.returncode == 0, err
    return out.strip().splitlines()[-1]


def test_eight_processes_choose_and_ask_at_once(tmp_path: Path) -> None:
    with fresh_environment(tmp_path) as environment:
        manage("migrate", "--verbosity", "0", environment=environment)
        notice = said(python("-c", PREPARE, environment=environment))
        before = json.loads(
            said(python("-m", "tests.processes.inspect_state", environment=environment))
        )
        references = json.loads(
            said(
                python(
                    "-c",
                    "import json, yaml; print(json.dumps([p['reference'] for p in "
                    "yaml.safe_load(open('consent/demo/people.yaml'))['people']][:8]))",
                    environment=environment,
                )
            )
        )

        workers = [
            python(
                "-m", "tests.processes.worker", str(number), str(ROUNDS), notice, *references,
                environment=environment,
            )
            for number in range(PROCESSES)
        ]  # fmt: skip
        seen = [json.loads(said(worker)) for worker in workers]
        after = json.loads(
            said(python("-m", "tests.processes.inspect_state", environment=environment))
        )

    assert [line["errors"] for line in seen] == [[]] * PROCESSES
    assert sum(line["wrong"] for line in seen) == 0
    assert after["entries"] == after["leaves"] == after["last"] + 1
    assert after["pending"] == 0
    assert (after["faults"], after["firstFault"]) == (0, "")
    assert after["records"] == after["choiceEvents"]
    # Two answers a round; the very first can repeat what the demo history already holds.
    written = after["records"] - before["records"]
    assert 2 * PROCESSES * (ROUNDS - 1) <= written <= 2 * PROCESSES * ROUNDS
    assert after["statusesThatDiffer"] == 0
    assert after["yesWithoutConsent"] == 0
