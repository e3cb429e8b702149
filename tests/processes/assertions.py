"""One of several processes that bring the same client assertions to the token service, each at the moment it is given one."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.test import Client  # noqa: E402

from tests.accounts.signers import ask  # noqa: E402


def main() -> None:
    client = Client(SERVER_NAME="127.0.0.1")
    for line in sys.stdin:
        sys.stdout.write(f"{ask(client, line.strip()).status_code}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
