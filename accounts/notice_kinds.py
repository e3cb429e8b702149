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
    IDENTITY_LINKED = "identity-linked"
    IDENTITY_REMOVED = "identity-removed"
    PASSKEY_ADDED = "passkey-added"
    PASSKEY_RENAMED = "passkey-renamed"
    PASSKEY_REMOVED = "passkey-removed"
    UNKNOWN_BROWSER = "unknown-browser"
    RECOVERY_CODE_USED = "recovery-code-used"
    ACTIVATION_LINK = "activation-link"
    ACTIVATED = "activated"
    ALREADY_ACTIVE = "already-active"
    ADDRESS_IN_USE = "address-in-use"
    PASSWORD_RESET = "password-reset"  # noqa: S105  # a name
    RESET_IMPOSSIBLE = "reset-impossible"
    EMAIL_CHANGE = "email-change"
    EMAIL_CHANGED = "email-changed"
    EMAIL_RESTORED = "email-restored"
    DEVICE_LETTER_ASKED = "device-letter-asked"
    DEVICE_LETTER_REFUSED = "device-letter-refused"
    DEVICE_LETTER_USED = "device-letter-used"
    RECOVERY_OPENED = "recovery-opened"
    RECOVERY_APPROVED = "recovery-approved"
    RECOVERY_CANCELLED = "recovery-cancelled"
    RECOVERY_DONE = "recovery-done"
    INVITATION = "invitation"
    RECOVERY_CODES_MADE = "recovery-codes-made"
    MANDATE_GIVEN = "mandate-given"
    MANDATE_ACCEPTED = "mandate-accepted"
    MANDATE_RECORDED = "mandate-recorded"
    MANDATE_STARTED = "mandate-started"
    MANDATE_ENDED = "mandate-ended"
