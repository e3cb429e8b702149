"""A database without tables: whoever forgot `migrate` is told so, and never gets a traceback."""

from collections.abc import Iterator

import pytest

from tests.processes.databases import fresh_environment, manage

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with fresh_environment(tmp_path_factory.mktemp("new"), is_migrated=False) as found:
        yield found


LOAD = ("load_catalogue", "consent/catalogues/vechtwater.yaml")


def test_is_told_to_whoever_forgot_to_migrate(environment: dict[str, str]) -> None:
    done = manage(*LOAD, environment=environment, check=False)

    where = (
        "REGIE_DATABASE_URL is set"
        if "REGIE_DATABASE_URL" in environment
        else f"REGIE_DATA_DIR is {environment['REGIE_DATA_DIR']}"
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"This database has no tables yet. Run `python3 manage.py migrate` first; {where}.\n"
    )
    assert done.stdout == ""


def test_is_no_fault_of_the_log(environment: dict[str, str]) -> None:
    done = manage("verify_log", environment=environment, check=False)

    assert done.returncode == 2
    assert "whether it has its tables" in done.stderr
    assert "Traceback" not in done.stderr


def test_is_not_said_of_another_fault(environment: dict[str, str]) -> None:
    nowhere = {**environment, "REGIE_DATABASE_URL": "postgresql://x@127.0.0.1:9/nowhere"}

    done = manage(*LOAD, environment=nowhere, check=False)

    assert done.returncode != 0
    assert "migrate" not in done.stderr.splitlines()[-1]
