"""What a mandate lets somebody do, as a form: for the customer who gives one, and the officer who records one."""

from collections.abc import Collection, Iterable

from django import forms
from django.http import QueryDict

from accounts.forms import TypedForm
from accounts.mandate_rules import DEFAULT, Limits
from accounts.vocabulary import Permission
from consent.mandate_words import PERMISSIONS
from consent.queries.mandates import LimitOptions

# To look belongs to every mandate; there is nothing yet to download for another.
_CHOSEN = (Permission.WITHDRAW, Permission.GIVE)
Options = list[tuple[str, str, bool]]  # code, words, is it chosen


class LimitsForm(TypedForm):
    """What the representative may do, and about what. Nothing chosen in a list: no limit."""

    mag = forms.MultipleChoiceField(
        required=False, choices=[(it.value, PERMISSIONS[it]) for it in _CHOSEN]
    )
    doel = forms.MultipleChoiceField(required=False)
    soort = forms.MultipleChoiceField(required=False)

    def __init__(self, data: QueryDict | None = None, *, options: LimitOptions) -> None:
        super().__init__(data)
        self._offered = options
        for name, pairs in (("doel", options.purposes), ("soort", options.categories)):
            self.fields[name] = forms.MultipleChoiceField(required=False, choices=list(pairs))

    @property
    def limits(self) -> Limits:
        """Return what was chosen; only after `is_valid()`."""
        chosen = {Permission(code) for code in self.cleaned_data["mag"]}
        return Limits(
            permissions=frozenset({Permission.VIEW, *chosen}),
            purposes=frozenset(self.cleaned_data["doel"]),
            categories=frozenset(self.cleaned_data["soort"]),
        )

    @property
    def permissions(self) -> Options:
        pairs = [(it.value, str(PERMISSIONS[it])) for it in _CHOSEN]
        return options(pairs, self.chosen("mag", at_first={it.value for it in DEFAULT}))

    @property
    def purposes(self) -> Options:
        return options(self._offered.purposes, self.chosen("doel"))

    @property
    def categories(self) -> Options:
        return options(self._offered.categories, self.chosen("soort"))

    def chosen(self, name: str, at_first: Collection[str] = ()) -> set[str]:
        """Return what was chosen in a list; `at_first` before anything was."""
        return set(self.data.getlist(name)) if isinstance(self.data, QueryDict) else set(at_first)


def options(pairs: Iterable[tuple[str, str]], chosen: Collection[str]) -> Options:
    return [(code, words, code in chosen) for code, words in pairs]
