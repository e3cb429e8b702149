"""Move the end of the sessions of the demo where a browser can look at it, without anyone waiting for it.

`end-in EMAIL SECONDS` lets those of one login end then; `stale EMAIL` makes its second factor an hour old, and `fresh EMAIL` of
now. Prints how many seconds are left.
"""

import os
import sys
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from accounts.models import UserSession  # noqa: E402
from accounts.queries import user_by_email  # noqa: E402
from accounts.session_store import SessionStore, limits_of  # noqa: E402

STORE = SessionStore()
PROVEN = {"stale": timedelta(hours=1), "fresh": timedelta(0)}  # how long ago


def main(act: str, email: str, seconds: str = "0") -> float:
    now, left = timezone.now(), 0.0
    for row in UserSession.objects.filter(user=user_by_email(email)).exclude(role=""):
        if act == "end-in":
            row.expires_at = now + timedelta(seconds=int(seconds))
            row.last_seen_at = row.expires_at - limits_of(row.role).idle
        elif act in PROVEN:
            data = STORE.decode(row.data)
            for proof in data["proofs"]:
                proof["at"] = (now - PROVEN[act]).isoformat()
            row.data = STORE.encode(data)
        row.save()
        left = (row.expires_at - now).total_seconds()
    return left


if __name__ == "__main__":
    print(main(*sys.argv[1:]))  # noqa: T201
