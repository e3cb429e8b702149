"""What is installed is what was chosen: nothing without a hash, nothing with a weakness that we know of (T26)."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from django.conf import settings

LOCKS = ("requirements.txt", "requirements-production.txt", "requirements-dev.txt")
# The first version without the weakness; docs/threat-model.md tells which.
AT_LEAST = {
    "Django": (5, 2, 19),
    "django-otp": (1, 7, 5),
    "PyJWT": (2, 12),
    "cryptography": (50,),
    "celery": (5, 2, 2),
}
# Turned down: docs/decisions/0003-dependencies.md.
TURNED_DOWN = {
    *("authlib", "django-allauth", "django-axes", "django-oauth-toolkit", "django-rest-knox"),
    *("django-two-factor-auth", "djangorestframework-api-key", "djangorestframework-simplejwt"),
    "mozilla-django-oidc",
}


def requirements(path: Path) -> list[str]:
    """Return each requirement of a lock file on one line, with its hashes."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (re.sub(r"\s+#.*", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("name", LOCKS)
class TestLock:
    def test_pins_every_package_by_its_hash(self, name: str) -> None:
        lines = requirements(settings.BASE_DIR / name)

        assert len(lines) > 20
        for line in lines:
            assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z,]+\])?==[^ ]+", line), line
            assert "--hash=sha256:" in line, line

    def test_takes_packages_from_an_index_only(self, name: str) -> None:
        for line in requirements(settings.BASE_DIR / name):
            assert not re.search(r"git\+|https?://|file:|@ |--index-url|--extra-index-url", line)

    def test_holds_nothing_that_was_turned_down(self, name: str) -> None:
        lines = requirements(settings.BASE_DIR / name)

        assert TURNED_DOWN.isdisjoint(re.split(r"[\[=]", line)[0] for line in lines)


@pytest.mark.parametrize(("name", "least"), AT_LEAST.items())
def test_a_package_is_past_its_known_weaknesses(name: str, least: tuple[int, ...]) -> None:
    installed = tuple(int(part) for part in re.findall(r"\d+", version(name)))

    assert installed >= least
