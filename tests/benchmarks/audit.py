"""The log: what a line costs, how fast entries get their place, and what a proof, an export and its check take."""

import shutil
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter, sleep
from typing import Any

from tests.benchmarks.places import Place, Worker, places

FEWEST = 1_000
WRITERS = 8
APPENDS = 200  # a round
PROOFS = 500
BATCH = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How large the log becomes, how often each of a pair is run, and how long each time (seconds)."""

    entries: int
    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure beside its goal. Without a goal it only informs."""

    what: str
    measured: str
    goal: str = ""
    is_met: bool | None = None

    def __str__(self) -> str:
        verdict = {None: "", True: "met", False: "NOT MET"}[self.is_met]
        return f"  {self.what:<66} {self.measured:<34} {self.goal:<12} {verdict}".rstrip()


def measure(kind: str, scale: Scale) -> bool:
    """Print every figure for one kind of database; return whether each goal was met.

    Raises:
        NoServerError: there is no PostgreSQL here.
    """
    print(f"\n{kind}: {scale.entries:,} entries, {scale.rounds} rounds")
    met = True
    with places(kind, "writers", "empty", "large") as (writers, empty, large):
        for place in (writers, empty, large):
            place.worker().call("prepare_rows")
        for line in _lines(kind, writers, empty, large, scale):
            print(line, flush=True)
            met = met and line.is_met is not False
    return met


def _lines(kind: str, writers: Place, empty: Place, large: Place, scale: Scale) -> Iterator[Line]:
    yield from _writing(writers, scale, is_goal=kind == "postgresql")
    worker = large.worker()
    yield from _growing(worker, entries=scale.entries)
    yield from _flatness(empty.worker(), worker, rounds=scale.rounds)
    yield from _proving(worker)
    for is_opened in (False, True):
        yield from _exporting(large, entries=scale.entries, is_opened=is_opened)


def _writing(place: Place, scale: Scale, *, is_goal: bool) -> Iterator[Line]:
    """Eight processes write, by turns without and with their lines in the log, while an integrator runs."""
    team = [place.worker() for _ in range(WRITERS)]
    sampler = place.worker()
    sampler.call("prepare_register")
    found: dict[tuple[str, bool], list[float]] = defaultdict(list)
    delays: list[float] = []
    with place.settling():
        for _ in range(scale.rounds):
            for business in ("choose", "write"):
                found[business, False].append(_rate(team, business, scale, is_logged=False))
                sampler.start("delays", seconds=scale.seconds)
                found[business, True].append(_rate(team, business, scale, is_logged=True))
                delays += sampler.answer()
                while sampler.call("pending"):
                    sleep(0.1)
    yield _share(found, "choose", "changing a choice", goal=0.6 if is_goal else None)
    yield _share(found, "write", "the plainest INSERT there is", goal=None)
    late = statistics.quantiles(delays, n=100)[98]
    yield Line(
        what="from commit to a place in the tree meanwhile, p99",
        measured=f"{late * 1e3:.0f} ms (p50 {statistics.median(delays) * 1e3:.0f} ms)",
        goal="<= 500 ms" if is_goal else "",
        is_met=late <= 0.5 if is_goal else None,
    )


def _share(
    found: dict[tuple[str, bool], list[float]], business: str, name: str, *, goal: float | None
) -> Line:
    bare, logged = (statistics.median(found[business, is_logged]) for is_logged in (False, True))
    return Line(
        what=f"{WRITERS} writers, {name}: with the log, of without it",
        measured=f"{logged / bare:.0%} ({logged:,.0f} of {bare:,.0f}/s)",
        goal="" if goal is None else f">= {goal:.0%}",
        is_met=None if goal is None else logged / bare >= goal,
    )


def _growing(worker: Worker, *, entries: int) -> Iterator[Line]:
    staged = worker.call("fill", entries=entries)
    yield Line(what="(staging them in bulk)", measured=f"{entries / staged['seconds']:,.0f}/s")
    done = worker.call("integrate_all", limit=BATCH)
    rate = done["entries"] / done["seconds"]
    yield Line(
        what=f"integrator alone, batches of {BATCH:,}",
        measured=f"{rate:,.0f} entries/s",
        goal=">= 20,000/s",
        is_met=rate >= 20_000,
    )
    worker.call("sign")


def _flatness(empty: Worker, large: Worker, *, rounds: int) -> Iterator[Line]:
    """Append by turns to an empty log and to the large one."""
    small_log, large_log = [], []
    for _ in range(rounds):
        small_log.append(empty.call("append", count=APPENDS)["microseconds"])
        large_log.append(large.call("append", count=APPENDS)["microseconds"])
    ratio = statistics.median(large_log) / statistics.median(small_log)
    yield Line(
        what="one write with its line: the large log against the empty one",
        measured=f"{ratio:.2f} ({statistics.median(large_log):,.0f} / {statistics.median(small_log):,.0f} us)",
        goal="<= 1.3",
        is_met=ratio <= 1.3,
    )


def _proving(worker: Worker) -> Iterator[Line]:
    made: dict[str, Any] = worker.call("prove", count=PROOFS)
    yield Line(
        what="proof of one line, p99",
        measured=f"{made['p99'] * 1e3:.1f} ms (p50 {made['p50'] * 1e3:.1f} ms)",
        goal="<= 15 ms",
        is_met=made["p99"] <= 0.015,
    )
    yield Line(
        what="queries for it",
        measured=str(made["queries"]),
        goal="<= 6",
        is_met=made["queries"] <= 6,
    )


def _exporting(place: Place, *, entries: int, is_opened: bool) -> Iterator[Line]:
    name = f"complete export, {'everything' if is_opened else 'nothing'} opened"
    folder = place.folder / ("opened" if is_opened else "closed")
    made = place.worker().call("export", folder=str(folder), is_opened=is_opened)
    yield Line(
        what=name,
        measured=f"{made['seconds']:.1f} s, {entries / made['seconds']:,.0f} entries/s",
    )
    yield Line(
        what="  memory at most",
        measured=f"{made['megabytes']:.0f} MB",
        goal="<= 150 MB",
        is_met=made["megabytes"] <= 150,
    )
    begun = perf_counter()
    done = subprocess.run(
        [sys.executable, "-I", folder / "verify.py", folder], capture_output=True, check=False
    )
    rate = entries / (perf_counter() - begun)
    yield Line(
        what="  verify.py on it",
        measured=f"{rate:,.0f} entries/s, exit code {done.returncode}",
        goal="" if is_opened else ">= 150,000/s",
        is_met=done.returncode == 0 and (is_opened or rate >= 150_000),
    )
    shutil.rmtree(folder)


def _rate(team: list[Worker], business: str, scale: Scale, *, is_logged: bool) -> float:
    """Return how many a second they do together, from the first start to the last end."""
    for worker in team:
        worker.call("ready", business=business)
    for worker in team:
        worker.start("go", business=business, seconds=scale.seconds, is_logged=is_logged)
    done = [worker.answer() for worker in team]
    spent = max(it["ended"] for it in done) - min(it["begun"] for it in done)
    return float(sum(it["count"] for it in done) / spent)
