"""How often things were tried."""

from django.db import models

from accounts.models.clients import ServiceClient


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


class ClientAllowance(models.Model):
    """How much a client has asked: until `spent_until` (microseconds since 1970) what it may ask is used up.

    The bucket is full when that moment has passed; each request moves it on by the time one costs.
    """

    client = models.OneToOneField(
        ServiceClient, models.CASCADE, primary_key=True, related_name="allowance"
    )
    spent_until = models.BigIntegerField()

    def __str__(self) -> str:
        return f"allowance of client {self.client_id}"
