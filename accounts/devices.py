"""Second factors on django-otp's framework: an authenticator app, and recovery codes.

Check a code with `django_otp.verify_token(user, device.persistent_id, code)` and never with
`device.verify_token(code)`: only the first locks the row, and without the lock one code passes twice.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django_otp.models import Device, ThrottlingMixin, TimestampMixin

from accounts import recovery_codes, totp
from audit import keyring

FREE_FAILURES = 3
LONGEST_WAIT = timedelta(minutes=15)
FEW = 3  # with fewer recovery codes than this left, one is asked to make new ones
DISABLED_AT = 50  # in a row; NIST SP 800-63B-4 section 3.2.2 allows at most 100


class BoundedDevice(ThrottlingMixin, TimestampMixin, Device):
    """Three failures are free, then one waits 1, 2, 4 ... seconds, at most 15 minutes; after 50 it is over."""

    class Meta:
        abstract = True

    @property
    def is_disabled(self) -> bool:
        return self.throttling_failure_count >= DISABLED_AT

    def waits_until(self) -> datetime | None:
        """Return from when on a code is looked at again; None when it is now."""
        excess = self.throttling_failure_count - FREE_FAILURES
        if excess < 0 or self.throttling_failure_timestamp is None:
            return None
        wait = min(timedelta(seconds=2 ** min(excess, 20)), LONGEST_WAIT)
        until = self.throttling_failure_timestamp + wait
        return until if _now() < until else None

    def verify_is_allowed(self) -> tuple[bool, dict[str, Any] | None]:
        if self.is_disabled:
            return False, {"reason": "disabled"}
        until = self.waits_until()
        return (True, None) if until is None else (False, {"locked_until": until})

    def verify_token(self, token: str) -> bool:
        """Say whether the code is right, and remember that it was tried; one that waits is not tried."""
        if not transaction.get_connection().in_atomic_block:
            raise transaction.TransactionManagementError("Use django_otp.verify_token.")
        if not self.verify_is_allowed()[0]:
            return False
        is_right = self._accepts(token)
        if is_right:
            self.throttling_failure_count, self.throttling_failure_timestamp = 0, None
            self.last_used_at = _now()
        else:
            self.throttling_failure_count += 1
            self.throttling_failure_timestamp = _now()
        self.save()
        return is_right

    def _accepts(self, token: str) -> bool:
        raise NotImplementedError


class TotpDevice(BoundedDevice):
    """An authenticator app (RFC 6238). The secret is sealed; `last_step` only ever grows."""

    secret_sealed = models.BinaryField()
    last_step = models.BigIntegerField(default=-1)

    class Meta:
        app_label = "accounts"

    def keep_secret(self, secret: bytes, *, at: datetime) -> None:
        """Seal the secret with the key of the user."""
        key = keyring.living_key(owner_id=self.user_id, at=at)
        self.secret_sealed = keyring.seal(key=key, plaintext=secret, context=self._context)

    def secret(self) -> bytes:
        """Return the secret, to show it at enrolment or to compare a code with.

        Raises:
            KeyDestroyedError: what we knew of this user was erased.
        """
        key = keyring.living_key(owner_id=self.user_id, at=_now())
        return keyring.open_sealed(key=key, sealed=bytes(self.secret_sealed), context=self._context)

    @property
    def _context(self) -> str:
        return f"accounts.totpdevice|{self.user_id}|secret"

    def _accepts(self, token: str) -> bool:
        step = totp.matching_step(
            secret=self.secret(),
            code=token,
            step=totp.step_at(_now().timestamp()),
            after=self.last_step,
        )
        if step is None:
            return False
        self.last_step = step
        return True


class RecoveryDevice(BoundedDevice):
    """Ten one-time codes, hashed, shown once."""

    class Meta:
        app_label = "accounts"

    def has(self, typed: str) -> bool:
        """Say whether this is one of the codes, used or not. It is not used by this."""
        code = recovery_codes.canonical_code(typed)
        return code is not None and self.codes.filter(lookup=self.lookup(code)).exists()

    def codes_left(self) -> int:
        return self.codes.filter(used_at=None).count()

    def lookup(self, code: str) -> str:
        """Return the keyed hash that stands for a code of this device (docs/decisions/0008)."""
        return keyring.blind_index(label="recovery-code", value=f"{self.user_id}|{code}")

    def _accepts(self, token: str) -> bool:
        code = recovery_codes.canonical_code(token)
        if code is None:
            return False
        # The condition decides: of two requests with one code, one changes a row.
        unused = self.codes.filter(lookup=self.lookup(code), used_at=None)
        return unused.update(used_at=_now()) == 1


class RecoveryCode(models.Model):
    device = models.ForeignKey(RecoveryDevice, models.CASCADE, related_name="codes")
    lookup = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "accounts"
        constraints = [
            models.UniqueConstraint(fields=["device", "lookup"], name="a_code_is_made_once"),
        ]

    def __str__(self) -> str:
        return f"recovery code {self.pk}"


def _now() -> datetime:
    """Read the clock here, below the edge: the interface of django-otp passes no time."""
    return timezone.now()  # noqa: TID251
