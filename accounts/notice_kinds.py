"""What an account tells its owner by mail. A new kind also needs its words, in `notice_words.py`."""

import enum

TOKEN = "token"  # noqa: S105  # the name of the fact that the link of a notice is made of
OTHER = "other"  # the name of a fact that is how another person is addressed
BROWSER = "browser"  # the name of a fact that is a kind of browser, as a code
UNTIL = "until"  # the name of a fact that is a moment, in ISO 8601


class NoticeKind(enum.StrEnum):
    PASSWORD_CHANGED = "password-changed"  # noqa: S105  # a name
    FACTOR_ADDED = "factor-added"
    FACTOR_DISABLED = "factor-disabled"
    PASSKEY_ADDED = "passkey-added"
    PASSKEY_RENAMED = "passkey-renamed"
    PASSKEY_REMOVED = "passkey-removed"
    UNKNOWN_BROWSER = "unknown-browser"
    RECOVERY_CODE_USED = "recovery-code-used"
    RECOVERY_CODES_MADE = "recovery-codes-made"
    MANDATE_GIVEN = "mandate-given"
    MANDATE_ACCEPTED = "mandate-accepted"
    MANDATE_RECORDED = "mandate-recorded"
    MANDATE_STARTED = "mandate-started"
    MANDATE_ENDED = "mandate-ended"
