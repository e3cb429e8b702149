"""Scratch databases to measure on, and processes that work on them. Everything is gone afterwards."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests import postgresql
from tests.processes.databases import fresh_environment, manage

KINDS = ("sqlite", "postgresql")


class NoServerError(Exception):
    """There is no PostgreSQL on this machine."""


class WorkError(Exception):
    """A process that measured stopped; the message is what it said."""


@dataclass(slots=True)
class Place:
    """One scratch database with the log of an installation in it."""

    environment: dict[str, str]
    folder: Path
    _workers: ExitStack = field(default_factory=ExitStack)

    def worker(self) -> "Worker":
        """Start a process that measures on this database; it ends with the place."""
        return self._workers.enter_context(Worker(self.environment))

    @contextmanager
    def settling(self) -> Iterator[None]:
        """Let the integrator run, as in production: `settle_log --every 0.1`."""
        command = [sys.executable, "manage.py", "settle_log", "--every", "0.1"]
        process = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()  # it has begun
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


class Worker:
    """A process of ours that calls a function of `tests.benchmarks.worker.WORK` when told to."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.worker"],
            env={**environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, name: str, **arguments: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, arguments]) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """Return what the function that was started last gave.

        Raises:
            WorkError: the process ended instead; it said why on its standard error.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise WorkError("A measuring process ended; see what it said above.")
        return json.loads(line)

    def call(self, name: str, **arguments: Any) -> Any:
        self.start(name, **arguments)
        return self.answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@contextmanager
def places(kind: str, *names: str) -> Iterator[list[Place]]:
    """Yield one scratch place per name, on one server when that is PostgreSQL, with fsync as in production.

    Raises:
        NoServerError: PostgreSQL is wanted and not here.
    """
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="regie-benchmark-")))
        os.environ.pop("REGIE_DATABASE_URL", None)
        if kind == "postgresql":
            home = postgresql.programs()
            if home is None:
                raise NoServerError(
                    "PostgreSQL is not installed here. On Debian: apt install postgresql"
                )
            server = stack.enter_context(postgresql.temporary_server(home, options=""))
            os.environ["REGIE_DATABASE_URL"] = server.url
        made = []
        for name in names:
            folder = scratch / name
            environment = stack.enter_context(fresh_environment(folder, is_migrated=False))
            manage("migrate", "--verbosity", "0", environment=environment)
            place = Place(environment, folder)
            stack.enter_context(place._workers)  # closed before its database is
            made.append(place)
        yield made
