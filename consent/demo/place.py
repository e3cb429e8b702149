"""Where the demo runs: its port, its folder and its surroundings, made ready before the settings are read.

No Django here. Whatever is wrong becomes one sentence that says what to do.
"""

import argparse
import fcntl
import os
import shlex
import shutil
import socket
import sys
import time
from pathlib import Path
from typing import NoReturn

from consent.demo import logins

USUAL_FOLDER = Path(__file__).resolve().parents[2] / "var" / "demo"
HOST = "127.0.0.1"  # never another one: everyone can read the demo's passwords in its source
MARK = ".regie-demo"  # makes a folder the demo's own; locked as long as a demo runs there
MADE_HERE = (
    "accounts.json",
    "exports",
    "keys",
    "letters",
    "log",
    "mail",
    "regie.sqlite3",
    "regie.sqlite3-shm",
    "regie.sqlite3-wal",
)
HIGHEST_PORT = 65535
HELP_PHONE = "0800 1234"  # of Vechtwater, as its catalogue says
KEPT_SETTINGS = ("REGIE_BOOTSTRAP", "REGIE_DATABASE_URL", "REGIE_LOG_LEVEL")


def prepare(arguments: list[str]) -> None:
    """Claim the port and the folder, and put the settings of the demo into the environment.

    Exits with a sentence when the demo cannot run here, and after --codes.
    """
    parser = argparse.ArgumentParser(prog="manage.py demo", description="Start the demo.")
    add_options(parser)
    options = parser.parse_args(arguments)
    data_dir: Path = options.data_dir.expanduser().resolve()
    if options.codes:
        show_codes(data_dir)
    if not is_free(options.port):
        sys.exit(busy_sentence(options.port, data_dir=data_dir))
    claim(data_dir)
    if options.reset:
        empty(data_dir)
    set_environment(port=options.port, data_dir=data_dir)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=_port, default=8000, help="default 8000")
    parser.add_argument(
        "--data-dir",
        type=_folder,
        default=USUAL_FOLDER,
        help="where everything goes that the demo writes (default var/demo)",
    )
    parser.add_argument("--reset", action="store_true", help="first remove what a demo left there")
    parser.add_argument("--codes", action="store_true", help="only show the logins, with new codes")


def show_codes(data_dir: Path) -> NoReturn:
    start = command(data_dir)
    try:
        shown = logins.table(logins.read(data_dir), seconds=time.time())
    except FileNotFoundError:
        sys.exit(f"No demo was started in {data_dir} yet. Start it: {start}")
    except OSError as error:
        sys.exit(f"{error.filename} cannot be read ({error.strerror}). Who started the demo can.")
    except (ValueError, KeyError, TypeError):
        sys.exit(
            f"{data_dir / logins.FILE_NAME} is damaged. Start the demo, and it writes a new one: {start}"
        )
    sys.stdout.write(shown + "\n")
    sys.exit(0)


def command(data_dir: Path, *more: str) -> str:
    """Return what to type to start the demo in this folder."""
    where = [] if data_dir == USUAL_FOLDER else ["--data-dir", str(data_dir)]
    return shlex.join(["python3", "manage.py", "demo", *more, *where])


def to_start_anew(data_dir: Path) -> str:
    if "REGIE_DATABASE_URL" in os.environ:
        return (
            "To start anew, make a new, empty database and point REGIE_DATABASE_URL to it: "
            + command(data_dir)
        )
    return f"To start anew, without what was done in this demo: {command(data_dir, '--reset')}"


def cannot_write_sentence(error: OSError, *, data_dir: Path) -> str:
    return (
        f"Cannot write in {error.filename or data_dir} ({error.strerror}). "
        "Choose a folder where you may write with --data-dir."
    )


def database_sentence(error: Exception, *, data_dir: Path) -> str:
    """Say what to do about a database that gives an error, from what SQLite calls it."""
    name = getattr(error.__cause__, "sqlite_errorname", "")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return f"The database in {data_dir} is damaged ({error}). {to_start_anew(data_dir)}"
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return (
            f"The database in {data_dir} cannot be written ({error}). "
            "Give this account the right to write there, or choose another folder with --data-dir."
        )
    return f"The database cannot be used: {error}"


def _folder(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError("name a folder, or leave --data-dir out")
    return Path(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= HIGHEST_PORT):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a port; use a number from 1 to {HIGHEST_PORT}"
        )
    return int(text)


def is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def busy_sentence(port: int, *, data_dir: Path) -> str:
    other = port + 1 if port < HIGHEST_PORT else port - 1
    return (
        f"Port {port} is in use (or not yours to use). If the demo runs already, open http://{HOST}:{port}; "
        f"else choose another port: {command(data_dir, '--port', str(other))}"
    )


def claim(data_dir: Path) -> None:
    """Make the folder the demo's own for as long as this process lives.

    Exits when it cannot be written, holds an installation that is not a demo, or is used by another demo.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = data_dir / MARK
        taken = [name for name in MADE_HERE if (data_dir / name).exists()]
        if taken and not mark.exists():
            sys.exit(
                f"{data_dir} holds {', '.join(taken)}, and no demo made that. "
                "Nothing was changed. Choose another folder with --data-dir."
            )
        # Never closed: the lock ends with this process, however that ends.
        descriptor = os.open(mark, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        sys.exit(cannot_write_sentence(error, data_dir=data_dir))
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(
            f"Another demo already runs in {data_dir}. "
            "Stop that one first (Ctrl-C), or choose another folder with --data-dir."
        )


def empty(data_dir: Path) -> None:
    """Remove what a demo wrote, and nothing else."""
    if "REGIE_DATABASE_URL" in os.environ:
        sys.exit(
            "--reset only empties the demo's own folder, and the data is in REGIE_DATABASE_URL. "
            "Make a new, empty database for the demo and point REGIE_DATABASE_URL to it."
        )
    for path in [data_dir / name for name in MADE_HERE]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def set_environment(*, port: int, data_dir: Path) -> None:
    """Leave out what is set for a real installation, so that the demo can never reach its keys or mail."""
    for name in [name for name in os.environ if name.startswith("REGIE_")]:
        if name not in KEPT_SETTINGS:
            del os.environ[name]
    os.environ.update(
        CELERY_SKIP_CHECKS="yes",  # they take a second, and nothing here differs from the tests
        REGIE_DEMO="yes",
        REGIE_DATA_DIR=str(data_dir),
        REGIE_HELP_PHONE=HELP_PHONE,
        REGIE_PUBLIC_BASE_URL=f"http://{HOST}:{port}",
    )
