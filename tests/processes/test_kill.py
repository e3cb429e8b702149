"""Power cuts: the demo and a process beside it are killed in the middle of writes, then everything is counted."""

import json
import threading
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.processes.databases import A_BUSY_MACHINE, fresh_environment, python, said
from tests.processes.demo import RunningDemo, running_demo
from tests.processes.service import Service

pytestmark = pytest.mark.processes


def ask_until_killed(demo: RunningDemo, service: Service, answers: list[bool]) -> None:
    reference = demo.accounts["customers"][0]["reference"]
    while demo.process.poll() is None:
        try:
            answer = service.ask(purpose="lekwaarschuwing", category="usage", reference=reference)
        except (OSError, HTTPException, SystemExit):
            return
        answers.append(answer["decision"])


def test_a_kill_in_the_middle_of_writes_loses_and_breaks_nothing(tmp_path: Path) -> None:
    with fresh_environment(tmp_path) as environment:
        for _ in range(3):
            with running_demo(folder=tmp_path, environment=environment) as demo:
                service = Service(demo, "lekdetectie")
                references = [one["reference"] for one in demo.accounts["customers"][:4]]
                writers = [
                    python(
                        "-m", "tests.processes.worker", str(number), "10000", "1", *references,
                        environment=environment,
                    )
                    for number in range(1)
                ]  # fmt: skip
                answers: list[bool] = []
                asking = threading.Thread(target=ask_until_killed, args=(demo, service, answers))
                asking.start()
                while len(answers) < 15 and asking.is_alive():
                    asking.join(timeout=0.05)
                demo.kill()
                for writer in writers:
                    writer.kill()
                    writer.communicate()
                asking.join(timeout=A_BUSY_MACHINE)
                assert len(answers) >= 15

        with running_demo(folder=tmp_path, environment=environment):
            state = json.loads(
                said(python("-m", "tests.processes.inspect_state", environment=environment))
            )

    assert (state["faults"], state["firstFault"]) == (0, "")
    assert state["entries"] == state["leaves"] == state["last"] + 1
    assert state["records"] == state["choiceEvents"]
    assert state["yesWithoutConsent"] == 0
