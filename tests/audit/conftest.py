"""Settings of the property tests, and the log that most tests start from."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "audit", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("audit")
