"""Eight processes at once, on a database of their own: nothing lost, no gap, no yes after a withdrawal."""

import json
from pathlib import Path

import pytest

from tests.processes.databases import fresh_environment, manage, python, said

pytestmark = pytest.mark.processes

PROCESSES = 8
ROUNDS = 10
PREPARE = """
import django
django.setup()
from django.utils import timezone
from pathlib import Path
from consent.catalogue import read_catalogue
from consent.operations.catalogue import load_catalogue
from consent.demo.people import load_people
load_catalogue(catalogue=read_catalogue(Path("consent/catalogues/vechtwater.yaml")), at=timezone.now())
load_people(at=timezone.now())
from consent.models import NoticeVersion
print(NoticeVersion.objects.get(purpose__slug="lekwaarschuwing").number)
"""


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
                    "yaml.safe_load(open('consent/demo/people.yaml'))['people']][:9]))",
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
    # Two answers a round about the own person; the very first can repeat what the demo history
    # already holds. About the shared one as many, less what another had said just before.
    written = after["records"] - before["records"]
    assert 2 * PROCESSES * (ROUNDS - 1) < written <= 4 * PROCESSES * ROUNDS
    assert after["repeated"] == before["repeated"], "every record changed something"
    assert after["yesWithoutConsent"] == 0
