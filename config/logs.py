"""What is written about the program itself, and where to: never a value of a person."""

from typing import Any


def to_console(level: str) -> dict[str, Any]:
    """Return the settings of logging (`LOGGING`): everything from this level on, to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {
                "()": "config.process_log.Formatter",
                "format": "{asctime} {levelname} {name}: {message}",
                "style": "{",
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
        "loggers": {
            "django": {"handlers": []},  # nothing is mailed, nor written in a form that is not ours
            # Whatever the level: no row of the database, and no page with what was filled into it.
            "django.db.backends": {"level": "INFO"},
            "django.template": {"level": "INFO"},
            # A refusal is an answer, and no event for the operator.
            "django.request": {"level": "ERROR"},
            "waitress": {"level": "ERROR"},
        },
        "root": {
            "handlers": ["console"],
            "level": level,
        },
    }
