"""What a WSGI server serves."""

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from audit.erasure_journal import faults  # noqa: E402  # there are no models before


def _require_that_nobody_came_back() -> None:
    """Serve nothing from a restored backup that holds people who were erased since."""
    for fault in faults():
        sys.exit(f"Regie does not start. {fault}")


_require_that_nobody_came_back()
