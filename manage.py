#!/usr/bin/env python3
"""Run anything: `python3 manage.py demo`, `test`, `witness`, `migrate`, `verify_log`; `help` lists the rest.

On a bare machine this file first makes `.venv` from the hash-locked requirements. Until then it needs the standard
library only. It must stay readable for Python 3.6, so that an old Python can still say which one is needed.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        f"Regie needs Python 3.11 or newer; this is Python {sys.version_info[0]}.{sys.version_info[1]}. "
        "Install a newer Python and start again with it, for example: python3.11 manage.py demo"
    )
if os.name != "posix":
    sys.exit(
        "Regie runs on Linux and macOS. On Windows: start it inside the Windows Subsystem for Linux (WSL), "
        "which `wsl --install` gives you."
    )

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
# Written last: says what is in .venv. Not there: an installation was never finished.
STAMP = ENVIRONMENT / "installed.txt"
RUNTIME_LOCK = ROOT / "requirements.txt"
DEVELOPMENT_LOCK = ROOT / "requirements-dev.txt"  # holds everything of the runtime lock too
FOR_DEVELOPERS = {"test": "tests.run", "benchmark": "tests.benchmarks"}


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if needs_environment(command):
        is_for_developers = command in FOR_DEVELOPERS
        make_environment(DEVELOPMENT_LOCK if is_for_developers else RUNTIME_LOCK)
        os.execv(PYTHON, [str(PYTHON), *sys.argv])
    if command in FOR_DEVELOPERS:
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", FOR_DEVELOPERS[command], *sys.argv[2:]])
    if command == "witness":  # of another department: no settings, no database
        from audit.witness.command import main as witness

        sys.exit(witness(sys.argv[2:]))
    if command == "demo":
        from consent.demo import place

        place.prepare(sys.argv[2:])
    run_django()


def needs_environment(command: str) -> bool:
    if os.environ.get("REGIE_BOOTSTRAP") == "no" or is_inside_environment():
        return False
    is_started_bare = command in ("demo", "witness", *FOR_DEVELOPERS)
    return is_started_bare or importlib.util.find_spec("django") is None


def is_inside_environment() -> bool:
    return Path(sys.prefix).resolve() == ENVIRONMENT.resolve()


def make_environment(lock: Path) -> None:
    """Make `.venv` hold what the lock file says, unless it does already."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        wait_for_turn(folder)
        if not is_installed(lock):
            install(lock)
    except OSError as error:
        sys.exit(
            f"Cannot write in {error.filename or ROOT} ({error.strerror}). Regie installs its packages in .venv there: "
            "copy Regie to a folder where you may write, and start it from that folder."
        )
    except KeyboardInterrupt:
        print("\nStopped before everything was installed. Run the same command again: it goes on.")
        sys.exit(130)
    finally:
        os.close(folder)


def wait_for_turn(folder: int) -> None:
    """Two first starts at once: one installs, the other says that it waits."""
    import fcntl

    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another start is installing packages into .venv; waiting until it is done ...")
        sys.stdout.flush()
        fcntl.flock(folder, fcntl.LOCK_EX)


def is_installed(lock: Path) -> bool:
    if not (STAMP.exists() and PYTHON.exists()):
        return False
    return STAMP.read_text(encoding="utf-8") in (contents(lock), contents(DEVELOPMENT_LOCK))


def contents(lock: Path) -> str:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return f"{lock.name} {hashlib.sha256(lock.read_bytes()).hexdigest()} Python {version}\n"


def install(lock: Path) -> None:
    print(f"Installing {lock.name} into .venv (only this once, about a minute) ...", flush=True)
    try:
        import venv
    except ImportError:
        sys.exit("This Python has no venv module. On Debian or Ubuntu: apt install python3-venv")
    if STAMP.exists():
        STAMP.unlink()
    if is_usable():
        # Somebody may be running from it at this moment: what does not change stays where it is.
        forget_half_installed()
    else:
        venv.create(ENVIRONMENT, clear=True, symlinks=True)
    # The lock is complete, so pip need not resolve: old versions of it choose a newer release than
    # the lock for a package that is asked for with an extra, and then refuse it for its hash.
    command = [*pip(), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    command += ["--no-deps", "--only-binary", ":all:", "--requirement", str(lock)]
    if subprocess.call(command) != 0:
        sys.exit(
            "The packages could not be installed; the lines above say why. Check the network connection, or the package "
            "index in your pip configuration. Then run the same command again: it goes on by itself."
        )
    STAMP.write_text(contents(lock), encoding="utf-8")


def is_usable() -> bool:
    """Return whether `.venv` holds a Python that starts and is of the same version as this one."""
    version = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    return PYTHON.exists() and works([str(PYTHON), "-c", version])


def forget_half_installed() -> None:
    """Let pip install again what it was writing when it was ended: RECORD is what it writes last."""
    for about in ENVIRONMENT.glob("lib/*/site-packages/*.dist-info"):
        if not (about / "RECORD").exists():
            shutil.rmtree(about)


def pip() -> "list[str]":
    """Return a pip that installs into `.venv`: that of this Python, else a new one inside `.venv`."""
    from_outside = [sys.executable, "-m", "pip", "--python", str(PYTHON)]  # pip 22.3 and newer
    if works([*from_outside, "--version"]):
        return from_outside
    if works([str(PYTHON), "-m", "ensurepip"]):
        return [str(PYTHON), "-m", "pip"]
    sys.exit("This Python has no pip. On Debian or Ubuntu: apt install python3-pip")


def works(command: "list[str]") -> bool:
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def run_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is missing here. Unset REGIE_BOOTSTRAP, or install requirements.txt.")
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError

    from audit.keyfiles import KeyFileError

    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, KeyFileError) as error:
        sys.exit(str(error))
    except DatabaseError as error:
        if not is_table_missing(error):
            raise
        sys.exit(
            f"This database has no tables yet. Run `python3 manage.py migrate` first; {whereabouts()}."
        )


def is_table_missing(error: Exception) -> bool:
    is_undefined = getattr(error.__cause__, "sqlstate", "") == "42P01"  # PostgreSQL
    return is_undefined or str(error).startswith("no such table")


def whereabouts() -> str:
    """Return where the data is, without the password that an address may hold."""
    from django.conf import settings

    if "REGIE_DATABASE_URL" in os.environ:
        return "REGIE_DATABASE_URL is set"
    return f"REGIE_DATA_DIR is {settings.DATA_DIR}"


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
