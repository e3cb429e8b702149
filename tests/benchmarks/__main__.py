"""`python3 manage.py benchmark audit` and `accounts`: measure on scratch databases of its own, on both kinds, and print figure beside goal."""

import argparse
import os
import platform
import sys

from tests.benchmarks import accounts, audit
from tests.benchmarks.places import KINDS, NoServerError

AREAS = {"accounts": accounts.measure, "audit": audit.measure}


def main() -> int:
    parser = argparse.ArgumentParser(prog="manage.py benchmark", description=__doc__)
    parser.add_argument("area", choices=sorted(AREAS))
    parser.add_argument(
        "--entries",
        type=int,
        default=1_000_000,
        help="how large the log becomes (default 1,000,000)",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=5,
        help="how often each of a pair is run, by turns (default 5)",
    )
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each time (default 4)")
    parser.add_argument("--database", choices=(*KINDS, "both"), default="both")
    asked = parser.parse_args()
    if asked.entries < audit.FEWEST or asked.rounds < 1 or asked.seconds <= 0:
        parser.error(f"take at least {audit.FEWEST:,} entries, one round and some time")
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    kinds = KINDS if asked.database == "both" else (asked.database,)
    scale = audit.Scale(entries=asked.entries, rounds=asked.rounds, seconds=asked.seconds)
    try:
        met = [AREAS[asked.area](kind, scale) for kind in kinds]
    except NoServerError as error:
        print(error, file=sys.stderr)
        return 2
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
