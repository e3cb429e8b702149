"""Accounts: how many statements a log-in takes, and what it takes to know who calls the API."""

from collections.abc import Iterator

from tests.benchmarks.audit import Line, Scale
from tests.benchmarks.places import Worker, places

LOG_INS = 4  # a round
TOKENS = 100


def measure(kind: str, scale: Scale) -> bool:
    """Print every figure for one kind of database; return whether each goal was met.

    Raises:
        NoServerError: there is no PostgreSQL here.
    """
    print(f"\n{kind}: {scale.rounds} rounds")
    met = True
    with places(kind, "accounts") as (place,):
        worker = place.worker()
        worker.call("prepare_accounts")
        for line in _lines(worker, scale):
            print(line, flush=True)
            met = met and line.is_met is not False
    return met


def _lines(worker: Worker, scale: Scale) -> Iterator[Line]:
    found = worker.call("log_in", times=LOG_INS * scale.rounds)
    for step in ("password", "code"):
        statements = found[f"{step} statements"]
        yield Line(
            what=f"log-in, {step}: statements, without those of transactions",
            measured=f"{statements:.0f} ({found[f'{step} ms']:.0f} ms)",
            goal="<= 8",
            is_met=statements <= 8,
        )
    taken = worker.call("check_tokens", times=TOKENS * scale.rounds)
    yield _micros("token check, seen before, with what is registered", taken["seen"], most=10)
    yield _micros("token check, never seen before", taken["new"], most=500)
    yield _micros("taking from the bucket of a client what was claimed", taken["bucket"])
    yield _micros("who calls: all of this, and what the framework adds", taken["all"])
    counted = worker.call("count_attempts", times=TOKENS * scale.rounds)
    yield _micros("counting one attempt", counted["count"])
    yield _micros("claiming tokens for one client", counted["claim"])


def _micros(what: str, value: float, *, most: float | None = None) -> Line:
    return Line(
        what=what,
        measured=f"{value:,.1f} us",
        goal="" if most is None else f"<= {most:,.0f} us",
        is_met=None if most is None else value <= most,
    )
