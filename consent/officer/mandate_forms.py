"""What an officer fills in about a mandate that the law gives."""

from datetime import date, datetime, time, timedelta

from django import forms
from django.core.validators import MaxValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.vocabulary import Evidence, MandateKind
from consent.limits_form import LimitsForm, Options, options
from consent.mandate_words import EVIDENCES, KINDS

_NUMBER = _("Fill in the customer number")
_KIND = _("Choose a kind")
_SEEN = _("Choose what you saw")
_DAY = _("Choose a day that is still to come")
_LAST_DAY = date(2100, 12, 31)
_KINDS = [(it.value, KINDS[it]) for it in MandateKind if it is not MandateKind.VOLUNTARY]
_EVIDENCES = [(it.value, EVIDENCES[it]) for it in Evidence]


class RecordMandateForm(LimitsForm):
    """For whom, by whom, what gives the right, and which kind of paper showed it."""

    voor = forms.CharField(max_length=40, error_messages={"required": _NUMBER})
    door = forms.CharField(max_length=40, error_messages={"required": _NUMBER})
    grond = forms.ChoiceField(
        choices=_KINDS, error_messages={"required": _KIND, "invalid_choice": _KIND}
    )
    bewijs = forms.ChoiceField(
        choices=_EVIDENCES, error_messages={"required": _SEEN, "invalid_choice": _SEEN}
    )
    einde = forms.DateField(
        required=False,
        error_messages={"invalid": _DAY},
        validators=[MaxValueValidator(_LAST_DAY, message=_DAY)],
    )

    @property
    def kinds(self) -> Options:
        return options([(code, str(words)) for code, words in _KINDS], self.chosen("grond"))

    @property
    def evidences(self) -> Options:
        return options([(code, str(words)) for code, words in _EVIDENCES], self.chosen("bewijs"))

    @property
    def until(self) -> datetime | None:
        """Return the end of the last day; None: no end. Only after `is_valid()`."""
        last: date | None = self.cleaned_data["einde"]
        if last is None:
            return None
        return timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min))
