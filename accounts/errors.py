"""What can go wrong with accounts for a reason that the caller can act on."""

from datetime import datetime, timedelta


class AccountsError(Exception):
    """Something anticipated. The message tells what to do next."""


class EmailTakenError(AccountsError):
    """There is a login with this e-mail address."""


class ReferenceTakenError(AccountsError):
    """There is a data subject with this customer number, or one behind this login."""


class ScopeError(AccountsError):
    """A scope cannot be spelled like this."""


class JwkError(AccountsError):
    """A key of a client cannot be used; the message says why."""


class WrongPasswordError(AccountsError):
    """No login has this e-mail address and this password; which of the two is wrong stays inside."""


class WrongCodeError(AccountsError):
    """The code is not right, or was used before.

    `clock_is_off` says how far the code is from now, when it would have been right at another moment:
    negative when the clock of the app runs behind.
    """

    def __init__(self, *, clock_is_off: timedelta | None = None) -> None:
        super().__init__()
        self.clock_is_off = clock_is_off


class TooManyAttemptsError(AccountsError):
    """It was tried too often. `until` says from when on it makes sense to try again."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class LockedOutError(TooManyAttemptsError):
    """A limit was reached, that counts more than one second factor: whoever was logging in starts again.

    `is_new`: this was the first attempt over the limit, which is worth a line in the log.
    """

    def __init__(self, until: datetime, *, is_new: bool = False) -> None:
        super().__init__(until)
        self.is_new = is_new


class FactorDisabledError(AccountsError):
    """So many wrong codes were typed that this second factor no longer counts."""


class AlreadyEnrolledError(AccountsError):
    """There is a second factor; a password alone cannot add one."""


class NotAllowedError(AccountsError):
    """The table of rights (`accounts/policy.py`) has no yes for it; `reason` says which rule refused."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnknownReferenceError(AccountsError):
    """Nobody who can be meant has this customer number."""


class UnknownMandateError(AccountsError):
    """There is no such mandate for whoever asks."""


class MandateCodeError(AccountsError):
    """No mandate waits for this customer with this code."""


class MandateNotEndedError(AccountsError):
    """The law gave this mandate; whom it is about cannot end it here."""


class WrongPasskeyError(AccountsError):
    """What the device answered proves nothing here; what is wrong with it stays inside."""


class PasskeyQuestionOverError(AccountsError):
    """The question to the device was never asked here, was answered before, or is too old."""


class TooManyPasskeysError(AccountsError):
    """There are so many passkeys that one has to go first."""


class LastFactorError(AccountsError):
    """Without this one could not log in any more."""
