"""What a customer fills in to let somebody act for him, and to accept."""

from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import TypedForm
from accounts.mandate_rules import LONGEST_VOLUNTARY
from consent.limits_form import LimitsForm, Options, options

_DAYS = [
    ("30", _("One month")),
    ("91", _("Three months")),
    ("182", _("Half a year")),
    (str(LONGEST_VOLUNTARY.days), _("One year")),
]
_HOW_LONG = _("Choose for how long")


class GiveForm(LimitsForm):
    """To whom a mandate is given, and for how long."""

    klant = forms.CharField(
        max_length=40, error_messages={"required": _("Fill in the customer number")}
    )
    duur = forms.ChoiceField(
        choices=_DAYS, error_messages={"required": _HOW_LONG, "invalid_choice": _HOW_LONG}
    )

    @property
    def lasts(self) -> timedelta:
        """Return for how long; only after `is_valid()`."""
        return timedelta(days=int(self.cleaned_data["duur"]))

    @property
    def durations(self) -> Options:
        return options([(code, str(words)) for code, words in _DAYS], self.chosen("duur"))


class AcceptForm(TypedForm):
    code = forms.CharField(
        max_length=64, error_messages={"required": _("Fill in the code that you were given")}
    )
