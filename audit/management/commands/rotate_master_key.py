"""Begin the next epoch of the master key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit import operations
from audit.keyfiles import KeyFileError
from audit.keyring import SealBrokenError, leave_no_copy


class Command(BaseCommand):
    help = (
        "Makes the next master key, wraps every living key with it and destroys the one before: what was erased is "
        "then gone from every copy and backup. Runs while the service runs; when it is cut off, run it again."
    )

    def handle(self, **_options: Any) -> None:
        try:
            done = operations.rotate_master_key(at=timezone.now())
        except (KeyFileError, SealBrokenError) as error:
            raise CommandError(
                f"The master key was not rotated. {error} "
                "No key was lost; run `verify_log` when you do not know what is wrong."
            ) from error
        leave_no_copy()
        began = "The rotation that was cut off is finished" if done.is_resumed else "It is done"
        self.stdout.write(
            f"{began}: {done.keys} keys were wrapped by master key {done.epoch}, the only one there is now. "
            "Make a backup of the key folder and of the database now: older backups no longer open."
        )
