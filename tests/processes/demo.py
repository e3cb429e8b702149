"""The demo as a user starts it: a process of its own, on a free port, with a data folder of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.processes.databases import A_BUSY_MACHINE, ROOT

READY_WITHIN = A_BUSY_MACHINE


@dataclass
class RunningDemo:
    process: subprocess.Popen[str]
    base: str
    folder: Path
    environment: dict[str, str]
    said: list[str] = field(default_factory=list)

    @property
    def accounts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "accounts.json").read_text())
        return found

    def kill(self) -> None:
        """End it as a power cut would: no handler runs."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=A_BUSY_MACHINE)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_demo(
    *, folder: Path, environment: dict[str, str], options: Sequence[str] = ()
) -> Iterator[RunningDemo]:
    """Start the demo, wait until it says that it is ready, and end it as Ctrl-C would."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", f"--port={port}", f"--data-dir={folder}", *options],
        cwd=ROOT,
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    demo = RunningDemo(
        process=process,
        base=f"http://127.0.0.1:{port}",
        folder=folder,
        environment=environment | {"REGIE_DATA_DIR": str(folder)},
    )
    ready = threading.Event()
    listener = threading.Thread(target=_listen, args=(demo, ready), daemon=True)
    listener.start()
    try:
        assert ready.wait(READY_WITHIN), "".join(demo.said)
        yield demo
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=A_BUSY_MACHINE)
        listener.join(timeout=5)


def _listen(demo: RunningDemo, ready: threading.Event) -> None:
    assert demo.process.stdout is not None
    for line in demo.process.stdout:
        demo.said.append(line)
        if line.startswith("Ready on "):
            ready.set()
    demo.process.stdout.close()
    if not any(line.startswith("Ready on ") for line in demo.said):
        demo.said.append("(the demo ended without being ready)")
