"""How often things were tried."""

from django.db import models


class ThrottleCounter(models.Model):
    """How often something was tried in a window. `key` is an HMAC: no address or name is stored."""

    key = models.CharField(max_length=64)
    window_start = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "window_start"], name="one_counter_per_window"),
        ]

    def __str__(self) -> str:
        return f"throttle {self.window_start}"
