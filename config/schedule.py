"""What runs by itself, and how often (seconds). Each task may run twice, or late."""

from typing import Any

SCHEDULE: dict[str, dict[str, Any]] = {
    "settle-log": {"task": "audit.tasks.settle_log", "schedule": 2.0},
    "verify-log": {"task": "audit.tasks.verify_log", "schedule": 300.0},  # once a night; see there
    # What waited too long is not asked any more: the next one asks about a newer head.
    "ask-witnesses": {
        "task": "audit.tasks.ask_witnesses",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "send-messages": {"task": "consent.tasks.send_messages", "schedule": 5.0},
    "answer-requests": {"task": "accounts.tasks.answer_requests", "schedule": 5.0},
    "make-letters": {"task": "consent.tasks.make_letters", "schedule": 5.0},
    "finish-recoveries": {"task": "accounts.tasks.finish_recoveries", "schedule": 60.0},
    "expire-months": {"task": "audit.tasks.expire_months", "schedule": 86_400.0},
    "recover-jobs": {"task": "consent.tasks.recover_jobs", "schedule": 5.0},
    "forget-old-jobs": {"task": "consent.tasks.forget_old_jobs", "schedule": 900.0},
    "forget-assertions": {"task": "accounts.tasks.forget_expired", "schedule": 3600.0},
}
