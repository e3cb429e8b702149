"""Call functions of `audit_work` and `accounts_work` as they are asked for, one line of JSON each, until there are no more."""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from tests.benchmarks import accounts_work, audit_work  # noqa: E402

WORK = {**vars(audit_work), **vars(accounts_work)}


def main() -> None:
    for line in sys.stdin:
        name, arguments = json.loads(line)
        answer = WORK[name](**arguments)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
