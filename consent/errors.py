"""What can go wrong for a reason the caller can act on."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class ConsentError(Exception):
    """A refusal. `code` is public and never changes; `message` tells a person what to do next."""

    code: str
    message: str | Promise

    def __str__(self) -> str:
        return str(self.message)


class NoticeOutdatedError(ConsentError):
    code = "notice-outdated"
    message = _(
        "The explanation changed while this page was open. Read the new version, then choose again."
    )


class UnknownPurposeError(ConsentError):
    code = "unknown-purpose"
    message = _("This question does not exist, or is no longer asked.")


class AnswerMissingError(ConsentError):
    code = "answer-missing"
    message = _("Choose yes or no for each question, then save.")


class MandateEndedError(ConsentError):
    code = "mandate-ended"
    message = _("You no longer act for someone else: that mandate has ended.")


class OpeningEndedError(ConsentError):
    code = "opening-ended"
    message = _("No customer is open. Open one first.")
