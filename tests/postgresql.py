"""A PostgreSQL server for the length of one test run: private, temporary, always stopped. Standard library only."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Nobody keeps what is in there: without these the disk, not the code, sets the pace.
FOR_SPEED = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


class CannotStartError(Exception):
    """The server programs are there, but no server came up; the message says what they said."""


def programs() -> Path | None:
    """Return the folder with the newest `initdb` and `pg_ctl` of this machine."""
    homes = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    homes.sort(key=lambda home: float(home.parent.name))
    if on_path := shutil.which("initdb"):
        homes.insert(0, Path(on_path).resolve().parent)
    return next((home for home in reversed(homes) if (home / "pg_ctl").exists()), None)


@dataclass(frozen=True, slots=True)
class Server:
    """A server with a folder of its own. It runs between `start` and `stop`."""

    home: Path
    folder: Path
    port: int
    options: str

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/regie"

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 {self.options}"
        self._control("-l", self.folder / "log", "-o", options, "start")

    def stop(self) -> None:
        """Stop at once, as a crash does: what is not in the journal of the server is gone."""
        self._control("-m", "immediate", "stop")

    def _control(self, *arguments: str | Path) -> None:
        _run(self.home / "pg_ctl", "-D", self.folder / "data", "-w", *arguments)


@contextmanager
def temporary_server(home: Path, *, options: str = FOR_SPEED) -> Iterator[Server]:
    """Yield a fresh server on a free loopback port; it is gone afterwards.

    Raises:
        CannotStartError: it did not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="regie-postgresql-"))
    try:
        _give_to_server_account(folder)
        command = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        _run(home / "initdb", "-D", folder / "data", *command)
        server = Server(home, folder, _free_port(), options)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _run(program: Path, *arguments: str | Path) -> None:
    command = [str(program), *map(str, arguments)]
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        command = ["runuser", "-u", _server_account(), "--", *command]
    # Output goes to a file: the server keeps what it inherits open, and a pipe would never end.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(command, cwd="/", stdout=output, stderr=output, check=False)
        if done.returncode != 0:
            output.seek(0)
            raise CannotStartError(output.read().decode(errors="replace").strip())


def _give_to_server_account(folder: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(folder, _server_account())


def _server_account() -> str:
    accounts = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in accounts else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
