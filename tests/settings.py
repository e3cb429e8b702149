"""The settings of the tests: those of the product, made fast and offline."""

import os
import tempfile
from pathlib import Path

_SCRATCH = Path(os.environ.setdefault("REGIE_DATA_DIR", tempfile.mkdtemp(prefix="regie-tests-")))

from config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOG_JOURNAL = ERASURE_JOURNAL = None  # a journal remembers what a test takes back
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
