"""The questions of one purpose as a form, and the filter of 'Wie keek er?'."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from consent.queries.values import CategoryChoice

YES, NO = "yes", "no"
_ANSWERS = [(YES, gettext_lazy("Yes, you may")), (NO, gettext_lazy("No, you may not"))]
_CHOOSE = gettext_lazy("Choose yes or no")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of two equal cards."""

    id: str
    value: str
    label: str
    is_checked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question as the page shows it: nothing is checked before the first choice."""

    id: str
    name: str
    text: str
    hint: str
    is_required: bool
    error: str
    options: tuple[Option, ...]


class ChoicesForm(forms.Form):
    """Yes or no for every category of a purpose, and the notice version that was read."""

    notice = forms.IntegerField(min_value=1)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        choices: Sequence[CategoryChoice],
        may_give: bool = True,
        may_withdraw: bool = True,
    ) -> None:
        super().__init__(data)
        self._choices = choices
        self._may = {YES: may_give, NO: may_withdraw}
        for choice in choices:
            self.fields[_field(choice)] = forms.ChoiceField(
                choices=self._answers(choice),
                error_messages={"required": _CHOOSE, "invalid_choice": _CHOOSE},
            )

    @property
    def answers(self) -> Mapping[str, bool]:
        """Return the answer per category slug; only after `is_valid()`."""
        return {choice.slug: self.cleaned_data[_field(choice)] == YES for choice in self._choices}

    @property
    def can_change(self) -> bool:
        """Return whether there is an answer to give that does not stand already."""
        return any(self._may.values())

    @property
    def questions(self) -> list[Question]:
        return [self._question(choice) for choice in self._choices]

    @property
    def error_list(self) -> list[tuple[str, str]]:
        """Return the fields that lack an answer, as (id to jump to, what to do)."""
        return [
            (
                question.options[0].id,
                _("%(error)s: %(question)s")
                % {
                    "error": question.error,
                    "question": question.text,
                },
            )
            for question in self.questions
            if question.error
        ]

    def _question(self, choice: CategoryChoice) -> Question:
        name = _field(choice)
        given = self._given(choice)
        errors = self.errors.get(name) if self.is_bound else None
        return Question(
            id=name,
            name=name,
            text=choice.question,
            hint=choice.hint,
            is_required=choice.is_required,
            error=str(errors[0]) if errors else "",
            options=tuple(
                Option(
                    id=f"{name}-{value}",
                    value=value,
                    label=str(label),
                    is_checked=given == value,
                )
                for value, label in self._answers(choice)
            ),
        )

    def _answers(self, choice: CategoryChoice) -> list[tuple[str, Promise]]:
        """Return what may be answered: what stands already, and what whoever asks may change it to."""
        stands = None if choice.current is None else YES if choice.current else NO
        return [(value, label) for value, label in _ANSWERS if self._may[value] or value == stands]

    def _given(self, choice: CategoryChoice) -> str:
        if self.is_bound:
            return str(self.data.get(_field(choice), ""))
        if choice.current is None:
            return ""
        return YES if choice.current else NO


class EventsForm(forms.Form):
    """Which events to show, and from where on."""

    SHOW = {
        "alles": ("all", gettext_lazy("Everything")),
        "gebruikt": ("used", gettext_lazy("What was used")),
        "tegengehouden": ("stopped", gettext_lazy("What was stopped")),
        "eigen-keuzes": ("mine", gettext_lazy("What you chose")),
        "mensen": ("people", gettext_lazy("Who of us looked")),
        "machtigingen": ("mandates", gettext_lazy("Acting for each other")),
        "inloggen": ("sign-ins", gettext_lazy("Logging in")),
    }

    soort = forms.ChoiceField(
        required=False, choices=[(code, label) for code, (_kind, label) in SHOW.items()]
    )
    voor = forms.IntegerField(required=False, min_value=1)

    @property
    def chosen(self) -> str:
        """Return the code in the address; anything unknown counts as everything."""
        return self.cleaned_data.get("soort") or "alles"

    @property
    def show(self) -> str:
        """Return the same in the words of `events_about`."""
        return self.SHOW[self.chosen][0]

    @property
    def before(self) -> int | None:
        return self.cleaned_data.get("voor")

    @property
    def options(self) -> list[tuple[str, str, bool]]:
        return [
            (code, str(label), code == self.chosen) for code, (_kind, label) in self.SHOW.items()
        ]


def _field(choice: CategoryChoice) -> str:
    return f"choice-{choice.slug}"
