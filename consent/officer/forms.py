"""What a privacy officer may filter the log on."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.contents import Contents
from consent.officer import wording
from consent.queries.log import FilterOptions, LogFilters
from consent.templatetags.parts import day

# The address names its filters in Dutch, as every address of the office does.
_IN_THE_ADDRESS = ("van", "tot", "soort", "doel", "antwoord", "dienst")
_OUTCOMES = [
    ("permitted", _("Allowed, by us")),
    ("refused", _("Not allowed, or no")),
    ("given", _("Yes, of a customer")),
    ("withdrawn", _("Yes became no")),
]


_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
_OTHER_DAY = _("Fill in a day from the year 2000 up to and including 2100")
_LAST_ID = 2**63 - 1  # the largest number that a database keeps


class _DayField(forms.DateField):
    """A day on which there can have been a log: nothing overflows when it becomes a moment."""

    default_error_messages = {"invalid": _("Fill in a day")}
    default_validators = [
        MinValueValidator(_FIRST_DAY, message=_OTHER_DAY),
        MaxValueValidator(_LAST_DAY, message=_OTHER_DAY),
    ]


class PageForm(forms.Form):
    """Where a page of a list begins."""

    voor = forms.UUIDField()


class ExportForm(forms.Form):
    """What of the log is exported."""

    inhoud = forms.ChoiceField(choices=[(it.value, it.value) for it in Contents])


class LogForm(forms.Form):
    """Filters of the log. A customer number is only taken from a POST: it has no place in an address."""

    van = _DayField(required=False, label=pgettext_lazy("from a day", "From"))
    tot = _DayField(required=False, label=_("Up to and including"))
    soort = forms.ChoiceField(required=False, label=_("Kind"))
    doel = forms.ChoiceField(required=False, label=_("Purpose"))
    antwoord = forms.ChoiceField(required=False, label=_("Answer"))
    dienst = forms.ChoiceField(required=False, label=_("Service"))
    klant = forms.CharField(required=False, label=_("Customer number"), max_length=40)
    voor = forms.IntegerField(required=False, min_value=1, max_value=_LAST_ID)
    na = forms.IntegerField(required=False, min_value=1, max_value=_LAST_ID)

    def __init__(self, data: QueryDict, *, options: FilterOptions, is_posted: bool) -> None:
        super().__init__(data)
        if not is_posted:
            del self.fields["klant"]
        self._offered: dict[str, list[tuple[str, Any]]] = {}
        kinds = sorted(((code, wording.kind(code)) for code in options.kinds), key=lambda it: it[1])
        self._offer("soort", [("", _("All kinds")), *kinds])
        self._offer("doel", [("", _("All purposes")), *options.purposes])
        self._offer("antwoord", [("", _("All answers")), *_OUTCOMES])
        self._offer("dienst", [("", _("All services")), *options.recipients])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("van"), cleaned.get("tot")
        if since and until and until < since:
            self.add_error("tot", _("This day is before the first day"))
        return cleaned

    @property
    def filters(self) -> LogFilters:
        """Return what can be filtered on; a filter that makes no sense is left out and shown as an error."""
        given = self.cleaned_data
        return LogFilters(
            since=given.get("van"),
            until=given.get("tot"),
            kind=given.get("soort", ""),
            purpose=given.get("doel", ""),
            outcome=given.get("antwoord", ""),
            recipient=given.get("dienst", ""),
            reference=given.get("klant", ""),
        )

    @property
    def error_list(self) -> list[tuple[str, str]]:
        """Return the errors as (id to jump to, what to do); what has no place on the page leads to the first day."""
        shown = {*_IN_THE_ADDRESS, "klant"}
        return [
            (name if name in shown else "van", str(text))
            for name, texts in self.errors.items()
            for text in texts
        ]

    @property
    def days(self) -> list[forms.BoundField]:
        return [self["van"], self["tot"]]

    @property
    def lists(self) -> list[tuple[forms.BoundField, list[tuple[str, str, bool]]]]:
        """Return each list with its options as (code, words, is it chosen)."""
        return [
            (self[name], self._options(name)) for name in ("soort", "doel", "antwoord", "dienst")
        ]

    @property
    def has_customer(self) -> bool:
        return bool(self.cleaned_data.get("klant"))

    @property
    def before(self) -> int | None:
        return self.cleaned_data.get("voor")

    @property
    def after(self) -> int | None:
        return self.cleaned_data.get("na")

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Return the filters that are on, as (name in the address, value in the address)."""
        return [
            (name, str(self.cleaned_data[name]))
            for name in _IN_THE_ADDRESS
            if self.cleaned_data.get(name)
        ]

    @property
    def posted(self) -> list[tuple[str, str]]:
        """Return the same with the customer number, for forms that are posted."""
        reference = self.cleaned_data.get("klant")
        return [*self.shown, *([("klant", reference)] if reference else [])]

    @property
    def query(self) -> str:
        return urlencode(self.shown)

    @property
    def chips(self) -> list[tuple[str, str]]:
        """Return each filter that is on in words, with the query that takes it away."""
        return [
            (self._words(code, value), urlencode([it for it in self.shown if it[0] != code]))
            for code, value in self.shown
        ]

    def _words(self, code: str, value: str) -> str:
        if code in {"van", "tot"}:
            return f"{self.fields[code].label} {day(self.cleaned_data[code])}"
        return dict(self._pairs(code))[value]

    def _options(self, name: str) -> list[tuple[str, str, bool]]:
        chosen = self.cleaned_data.get(name, "")
        return [(code, words, code == chosen) for code, words in self._pairs(name)]

    def _pairs(self, name: str) -> list[tuple[str, str]]:
        return [(code, str(words)) for code, words in self._offered[name]]

    def _offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        self._offered[name] = choices
        self.fields[name] = forms.ChoiceField(
            required=False, label=self.fields[name].label, choices=choices
        )
