"""What an employee of the service desk fills in."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import TypedForm
from accounts.operations.desk import LONGEST_NOTE
from accounts.vocabulary import OpeningReason
from consent.portal.forms import ChoicesForm
from consent.vocabulary import Channel

_REASONS = [
    (OpeningReason.CALLED.value, _("The customer calls")),
    (OpeningReason.AT_THE_COUNTER.value, _("The customer is at the counter")),
    (OpeningReason.WROTE.value, _("The customer wrote")),
    (OpeningReason.COMPLAINT.value, _("The customer has a complaint")),
]
_CHANNELS = [
    (Channel.TELEPHONE.value, _("By telephone")),
    (Channel.COUNTER.value, _("At the counter")),
]


class OpenForm(TypedForm):
    """Which customer, and why. The customer reads both the reason and what is written with it."""

    klant = forms.CharField(
        max_length=40, error_messages={"required": _("Fill in the customer number")}
    )
    reden = forms.ChoiceField(
        choices=_REASONS,
        error_messages={"required": _("Choose a reason"), "invalid_choice": _("Choose a reason")},
    )
    toelichting = forms.CharField(
        max_length=LONGEST_NOTE,
        error_messages={
            "required": _("Write to the customer why you open the data"),
            "max_length": _("Write at most 200 characters"),
        },
    )

    @property
    def reasons(self) -> list[tuple[str, str, bool]]:
        """Return each reason as (code, words, is it chosen)."""
        chosen = str(self.data.get("reden", "")) if self.is_bound else ""
        return [(code, str(words), code == chosen) for code, words in _REASONS]


class RecordForm(ChoicesForm):
    """The answers that a customer states, and how the employee heard them."""

    kanaal = forms.ChoiceField(
        choices=_CHANNELS,
        error_messages={
            "required": _("Choose how the customer told you"),
            "invalid_choice": _("Choose how the customer told you"),
        },
    )

    @property
    def channel(self) -> Channel:
        """Return how the customer told it; only after `is_valid()`."""
        return Channel(self.cleaned_data["kanaal"])

    @property
    def channels(self) -> list[tuple[str, str, bool]]:
        """Return each channel as (code, words, is it chosen)."""
        chosen = str(self.data.get("kanaal", "")) if self.is_bound else ""
        return [(code, str(words), code == chosen) for code, words in _CHANNELS]

    @property
    def channel_error(self) -> str:
        errors = self.errors.get("kanaal") if self.is_bound else None
        return str(errors[0]) if errors else ""

    @property
    def error_list(self) -> list[tuple[str, str]]:
        """Return the fields that lack an answer, as (id to jump to, what to do)."""
        own = [(f"kanaal-{_CHANNELS[0][0]}", self.channel_error)] if self.channel_error else []
        return [*own, *super().error_list]
