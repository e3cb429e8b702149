"""Run every test that this machine can run, and end with one verdict. `python3 manage.py test` comes here.

The suite runs on SQLite and on PostgreSQL, and the tests in a browser on both. Other arguments go to pytest, and
then only SQLite is used (--all-databases: both). With --require-all 'could not be run' is a failure, and so is a
line of the product that no test runs. Standard library only, so that the verdict never depends on what is tested.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from tests import postgresql

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NOTHING_COLLECTED = 5  # pytest's exit code
# Per cent of the lines and branches of the product, over the suite on both databases together.
COVERED = 99


@dataclass(slots=True, kw_only=True)
class Tally:
    passed: int = 0
    failed: int = 0
    lines: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)


def main(arguments: list[str]) -> int:
    require_all = "--require-all" in arguments
    all_databases = "--all-databases" in arguments
    chosen = [item for item in arguments if item not in {"--require-all", "--all-databases"}]
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="regie-tests-") as scratch:
        environment = {**os.environ, "REGIE_DATA_DIR": scratch}
        environment.pop("REGIE_DATABASE_URL", None)
        if chosen:
            run_chosen(chosen, tally, environment, all_databases=all_databases)
        else:
            run_everything(tally, environment, is_measured=require_all)
    return report(tally, require_all=require_all)


def run_everything(tally: Tally, environment: dict[str, str], *, is_measured: bool) -> None:
    """Run all there is. Coverage is measured where everything must run: it makes tests half as fast again."""
    # A class stays on one core: what it starts once (a demo, a database) is started once.
    cores = str(min(os.cpu_count() or 1, 4))
    suite = ["-m", "not browser", "-n", cores, "--dist", "loadscope"]
    suite += ["--cov", "--cov-report="] if is_measured else []
    run("SQLite", suite, tally, environment)
    with on_postgresql(tally, environment) as with_server:
        if with_server:
            second = with_server | {
                "REGIE_TESTS_OF_DATABASE_ONLY": "yes"
            }  # the others were run above
            run("PostgreSQL", suite, tally, second)
            if is_measured:
                require_coverage(tally, environment)
        browser = find_browser()
        if browser is None:
            tally.not_run.append(
                "The tests in a browser: there is no Chromium. Install it (apt install chromium), "
                "or name it in REGIE_CHROMIUM."
            )
            return
        for name, settings in (("SQLite", environment), ("PostgreSQL", with_server)):
            if settings:
                with_browser = {**settings, "REGIE_CHROMIUM": browser}
                run(f"Browser on {name}", ["-m", "browser"], tally, with_browser)


def run_chosen(
    chosen: list[str], tally: Tally, environment: dict[str, str], *, all_databases: bool
) -> None:
    if browser := find_browser():
        environment["REGIE_CHROMIUM"] = browser
    run("SQLite", chosen, tally, environment)
    if all_databases:
        with on_postgresql(tally, environment) as with_server:
            if with_server:
                run("PostgreSQL", chosen, tally, with_server)


def run(name: str, arguments: list[str], tally: Tally, environment: dict[str, str]) -> None:
    """Run pytest once and add what came of it to the tally."""
    print(f"\n===== {name} =====", flush=True)
    started = time.monotonic()
    outcome = Path(environment["REGIE_DATA_DIR"]) / "outcome.xml"
    outcome.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", f"--junit-xml={outcome}", *arguments]
    measured = {"COVERAGE_FILE": str(outcome.with_name(f"coverage.{name.replace(' ', '-')}"))}
    code = subprocess.run(command, cwd=ROOT, env=environment | measured, check=False).returncode
    if code == NOTHING_COLLECTED:
        tally.not_run.append(f"{name}: there is no such test.")
        return
    passed, failed, skipped = count(outcome)
    if skipped:
        tally.not_run.append(
            f"{name}: {skipped} skipped by the tests themselves; their reasons stand above."
        )
    if code != 0 and failed == 0:
        failed = 1
        tally.lines.append(f"{name}: the run itself failed; see the lines above (a crash?).")
    tally.passed += passed
    tally.failed += failed
    seconds = time.monotonic() - started
    tally.lines.append(f"{name}: {passed} passed, {failed} failed in {seconds:.0f} s")


def require_coverage(tally: Tally, environment: dict[str, str]) -> None:
    """Fail when the suite left a line out; on one database alone the lines for the other are."""
    print("\n===== Coverage =====", flush=True)
    folder = Path(environment["REGIE_DATA_DIR"])
    coverage = [sys.executable, "-m", "coverage"]
    whole = environment | {"COVERAGE_FILE": str(folder / "coverage")}
    parts = sorted(map(str, folder.glob("coverage.*")))
    subprocess.run([*coverage, "combine", "--quiet", *parts], cwd=ROOT, env=whole, check=False)
    report = [*coverage, "report", f"--fail-under={COVERED}"]
    if subprocess.run(report, cwd=ROOT, env=whole, check=False).returncode:
        tally.failed += 1
        tally.lines.append(f"Coverage: below {COVERED} %; the lines above are never run by a test.")


def count(outcome: Path) -> tuple[int, int, int]:
    """Return how many tests passed, failed and were skipped, from pytest's JUnit file."""
    if not outcome.exists():
        return 0, 0, 0
    total = failed = skipped = 0
    for suite in ET.parse(outcome).iter("testsuite"):  # our own file, written a moment ago
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    return total - failed - skipped, failed, skipped


@contextmanager
def on_postgresql(tally: Tally, environment: dict[str, str]) -> Iterator[dict[str, str] | None]:
    """Yield an environment with a PostgreSQL database, or None (and say why) when there cannot be one."""
    if given := os.environ.get("REGIE_TEST_DATABASE_URL"):
        yield {**environment, "REGIE_DATABASE_URL": given}
        return
    home = postgresql.programs()
    if home is None:
        tally.not_run.append(
            "The suite on PostgreSQL: there is no server. Install one (apt install postgresql), "
            "or name one in REGIE_TEST_DATABASE_URL."
        )
        yield None
        return
    with ExitStack() as until_the_end:
        try:
            server = until_the_end.enter_context(postgresql.temporary_server(home))
        except postgresql.CannotStartError as error:
            tally.not_run.append(f"The suite on PostgreSQL: the server did not start. {error}")
            yield None
            return
        yield {**environment, "REGIE_DATABASE_URL": server.url}


def find_browser() -> str | None:
    return os.environ.get("REGIE_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def report(tally: Tally, *, require_all: bool) -> int:
    print("\n===== Verdict =====")
    print(*tally.lines, sep="\n")
    if tally.not_run:
        print("\nNot run:", *tally.not_run, sep="\n- ")
    incomplete = bool(tally.not_run) and require_all
    if tally.failed:
        print("\nNOT GOOD: something failed.")
    elif incomplete or not tally.passed:
        print("\nNOT GOOD: nothing failed, but not everything was run.")
    elif tally.not_run:
        print("\nGOOD: everything that this machine can run passed.")
    else:
        print("\nGOOD: everything passed.")
    print(f"{tally.passed} passed, {tally.failed} failed", flush=True)
    return 1 if tally.failed or incomplete or not tally.passed else 0


if __name__ == "__main__":
    # Being told to stop must still stop the server that was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
