"""Settings of the property tests, and the log that most tests start from."""

import pytest
from hypothesis import HealthCheck, settings

from audit import verification

settings.register_profile(
    "audit", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("audit")


@pytest.fixture(autouse=True)
def _nothing_beside_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The events of these tests are about choices that no app above the log recorded."""
    monkeypatch.setattr(verification, "BESIDE_THE_LOG", [])
