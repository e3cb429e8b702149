"""What happened and why, in the words that a customer reads; `wording.py` puts them together."""

from django.utils.translation import gettext_lazy

from audit.events import EventKind
from consent.portal.other_words import Phrase, Words
from consent.vocabulary import Reason

BECAUSE: dict[str, Words] = {
    Reason.CONSENT_GIVEN: gettext_lazy("You said yes to this."),
    Reason.OTHER_LEGAL_BASIS: gettext_lazy("No consent is needed for this."),
    Reason.CONSENT_MISSING: gettext_lazy("This was stopped, because you have not chosen yet."),
    Reason.CONSENT_REFUSED: gettext_lazy("This was stopped, because you said no."),
    Reason.CONSENT_WITHDRAWN: gettext_lazy("This was stopped, because you changed your yes to no."),
    Reason.CONSENT_EXPIRED: gettext_lazy("This was stopped, because your yes had ended."),
    Reason.NOTICE_CHANGED: gettext_lazy(
        "This was stopped, because our explanation changed. You have not chosen again yet."
    ),
    Reason.REQUIRED_CONSENT_MISSING: gettext_lazy(
        "This was stopped, because you did not say yes to something that is needed."
    ),
    Reason.PURPOSE_NOT_REGISTERED: gettext_lazy(
        "This was stopped, because we never agreed on this use."
    ),
}
STOPPED = gettext_lazy("This was stopped, because it is not allowed.")

_YOU = gettext_lazy("You")
_PRIVACY_OFFICE = gettext_lazy("Our privacy office")
_CALL_US = gettext_lazy("Was this not you? Then call us at once.")
UNKNOWN_KIND: Phrase = (
    "info",
    gettext_lazy("We"),
    gettext_lazy("did something with your data."),
    gettext_lazy("Call us if you want to know more."),
)
DAMAGED: Phrase = (
    "alert",
    gettext_lazy("We"),
    gettext_lazy("can no longer read this line: it is damaged."),
    gettext_lazy("Call us if you want to know more."),
)
OTHER_KINDS: dict[str, Phrase] = {
    EventKind.CONSENT_GIVEN: (
        "pen",
        _YOU,
        gettext_lazy("said yes: %(category)s."),
        gettext_lazy("For: %(purpose)s. From that moment we may use this."),
    ),
    EventKind.CONSENT_REFUSED: (
        "pen",
        _YOU,
        gettext_lazy("said no: %(category)s."),
        gettext_lazy("For: %(purpose)s. We do not use this."),
    ),
    EventKind.CONSENT_WITHDRAWN: (
        "pen",
        _YOU,
        gettext_lazy("changed your yes to no: %(category)s."),
        gettext_lazy("For: %(purpose)s. We stopped using this at once."),
    ),
    EventKind.LOG_READ: (
        "eye",
        _PRIVACY_OFFICE,
        gettext_lazy("looked up what happened with your data."),
        gettext_lazy("To check that everyone keeps to the rules."),
    ),
    EventKind.LOG_EXPORTED: (
        "file",
        _PRIVACY_OFFICE,
        gettext_lazy("made a copy of what happened with your data."),
        gettext_lazy("To check that everyone keeps to the rules."),
    ),
    EventKind.EXPORT_DOWNLOADED: (
        "file",
        _PRIVACY_OFFICE,
        gettext_lazy("downloaded a copy of what happened with your data."),
        gettext_lazy("To check that everyone keeps to the rules."),
    ),
    EventKind.TAG_KEY_TAKEN: (
        "key",
        _YOU,
        gettext_lazy("downloaded your key to check the log yourself."),
        _CALL_US,
    ),
    EventKind.SIGNED_IN: (
        "lock",
        _YOU,
        gettext_lazy("logged in."),
        gettext_lazy("With your password and a code."),
    ),
    EventKind.IDENTITY_CONFIRMED: (
        "lock",
        _YOU,
        gettext_lazy("showed once more that it was you."),
        gettext_lazy("With a code, before something that we protect extra well."),
    ),
    EventKind.SESSION_ENDED: (
        "lock",
        _YOU,
        gettext_lazy("were logged out in another browser."),
        gettext_lazy("Because you asked for it, or because you were logged in in too many places."),
    ),
    EventKind.VALUE_SHOWN: (
        "eye",
        _YOU,
        gettext_lazy("looked at a number in full: %(category)s."),
        _CALL_US,
    ),
    EventKind.SIGN_IN_FAILED: (
        "alert",
        gettext_lazy("Someone"),
        gettext_lazy("tried to log in as you. That did not work."),
        _CALL_US,
    ),
    EventKind.SECOND_FACTOR_ADDED: (
        "key",
        _YOU,
        gettext_lazy("set up an app with codes to log in."),
        _CALL_US,
    ),
    EventKind.PASSKEY_ADDED: (
        "key",
        _YOU,
        gettext_lazy("made a passkey to log in."),
        _CALL_US,
    ),
    EventKind.PASSKEY_RENAMED: (
        "key",
        _YOU,
        gettext_lazy("gave a passkey another name."),
        _CALL_US,
    ),
    EventKind.PASSKEY_REMOVED: (
        "key",
        _YOU,
        gettext_lazy("removed a passkey."),
        _CALL_US,
    ),
    EventKind.RECOVERY_CODE_USED: (
        "key",
        _YOU,
        gettext_lazy("logged in with a recovery code."),
        _CALL_US,
    ),
    EventKind.RECOVERY_CODES_MADE: (
        "key",
        _YOU,
        gettext_lazy("made new recovery codes. The old ones no longer work."),
        _CALL_US,
    ),
    EventKind.FACTOR_DISABLED: (
        "alert",
        gettext_lazy("We"),
        gettext_lazy("switched off your second step to log in."),
        gettext_lazy("Someone typed too many wrong codes. Was this not you? Then call us at once."),
    ),
}
# With what someone logged in, when it was no code from an app.
LOGGED_IN_WITH: dict[str, Words] = {
    "passkey": gettext_lazy("With your passkey."),
    "recovery-code": gettext_lazy("With your password and a recovery code."),
}
