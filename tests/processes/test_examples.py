"""What docs/services.md tells an integrator to do works as it stands there."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.processes.databases import A_BUSY_MACHINE, ROOT, fresh_environment, manage
from tests.processes.demo import RunningDemo, running_demo

pytestmark = pytest.mark.processes
QUESTION = ("lekwaarschuwing", "usage", "VW-1000017")


def run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=A_BUSY_MACHINE,
        check=True,
    )
    return done.stdout


def add_key(demo: RunningDemo, folder: Path) -> Path:
    key, public = folder / "service.key", folder / "service.pub"
    options = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072")
    run("openssl", "genpkey", *options, "-out", str(key))
    run("openssl", "pkey", "-in", str(key), "-pubout", "-out", str(public))
    manage(
        "add_service", "lekdetectie", "--recipient=lekdetectie", "--scope=consent:check",
        "--purpose=lekwaarschuwing", "--kid=rsa", f"--public-key={public}",
        environment=demo.environment,
    )  # fmt: skip
    return key


def test_curl_and_openssl_are_enough_to_ask(tmp_path: Path) -> None:
    with (
        fresh_environment(tmp_path / "data") as environment,
        running_demo(folder=tmp_path / "demo", environment=environment) as demo,
    ):
        key = add_key(demo, tmp_path)
        script = ("docs/examples/ask.sh", str(key), "rsa", "lekdetectie", *QUESTION)

        answer = json.loads(run("sh", *script, REGIE=demo.base))

    assert answer["decision"] is False
    assert answer["context"]["reason"] == "consent-missing"
