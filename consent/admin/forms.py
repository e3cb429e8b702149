"""What an administrator fills in about a system. A key that is private goes no further than here."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts import jwk
from accounts.errors import JwkError, PrivateKeyError
from consent.operations.services import PublicKey
from consent.vocabulary import SCOPES

LONGEST = timedelta(days=731)  # two years; whoever wants longer forgets how to replace a key
_LARGEST_KEY = 16_384  # characters
_NAME = RegexValidator(
    re.compile(r"\A[A-Za-z0-9_-]{1,50}\Z"),
    _("Use at most 50 letters, digits, hyphens and underscores, and no spaces"),
)
ENDS = [0, 1, 7, 30]  # days from now


class _AdminForm(forms.Form):
    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="id_%s")

    @property
    def error_list(self) -> list[tuple[str, str]]:
        """Return the errors as (id of the field, text)."""
        return [
            (self[name].id_for_label, str(text))
            for name, texts in self.errors.items()
            for text in texts
        ]


class KeyForm(_AdminForm):
    """A public key, its name, and the days on which it counts."""

    key = forms.CharField(
        max_length=_LARGEST_KEY, error_messages={"required": _("Paste the public key")}
    )
    kid = forms.CharField(required=False, validators=[_NAME])
    since = forms.DateField(required=False, error_messages={"invalid": _("Fill in a day")})
    until = forms.DateField(
        error_messages={
            "invalid": _("Fill in a day"),
            "required": _("Fill in until when the key counts"),
        }
    )

    def __init__(self, data: QueryDict | None = None, *, at: datetime) -> None:
        super().__init__(data)
        self._at = at

    @sensitive_variables("pasted")
    def clean_key(self) -> dict[str, Any]:
        pasted = self.cleaned_data["key"]
        try:
            return jwk.parse(pasted.encode())
        except PrivateKeyError:
            # Not raised from the error, which would keep what was pasted within reach.
            raise forms.ValidationError(
                _(
                    "This is a private key. It was not kept, but it left the machine where it belongs: "
                    "let the owner throw it away, make a new pair and send only the public half."
                )
            ) from None
        except JwkError:
            raise forms.ValidationError(
                _(
                    "This is not a public key that we can use. Paste it as PEM (BEGIN PUBLIC KEY) or as JWK: "
                    "RSA of 2048 to 4096 bits, EC P-256 or Ed25519"
                )
            ) from None

    def clean_since(self) -> datetime:
        """Return the begin of the day; of today: this moment."""
        chosen = self.cleaned_data["since"]
        if chosen is None or chosen <= timezone.localtime(self._at).date():
            return self._at
        if chosen - timezone.localtime(self._at).date() > LONGEST:
            raise forms.ValidationError(_("Choose a day within two years"))
        return _begin(chosen)

    def clean_until(self) -> datetime:
        """Return the end of the day."""
        chosen, today = self.cleaned_data["until"], timezone.localtime(self._at).date()
        if not today <= chosen <= today + LONGEST:
            raise forms.ValidationError(_("Choose a day from today, and within two years"))
        return _begin(chosen + timedelta(days=1))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until <= since:
            self.add_error("until", _("This day is before the first day"))
        return cleaned

    @property
    def public_key(self) -> PublicKey:
        given = self.cleaned_data
        return PublicKey(
            kid=given["kid"] or jwk.thumbprint(given["key"]),
            jwk=given["key"],
            not_before=given["since"],
            not_after=given["until"],
        )

    @property
    def pasted(self) -> str:
        """Return what was pasted, to correct something else; never when it was no public key."""
        is_public = self.is_bound and "key" not in self.errors
        return str(self["key"].value()) if is_public else ""


class ClientForm(KeyForm):
    """A new system: whose it is, what it may do, and its first key."""

    client_id = forms.CharField(
        validators=[_NAME], error_messages={"required": _("Give the service a name")}
    )
    recipient = forms.ChoiceField(
        error_messages={
            "required": _("Choose whose service it is"),
            "invalid_choice": _("Choose whose service it is"),
        }
    )
    scopes = forms.MultipleChoiceField(
        choices=[(scope, scope) for scope in SCOPES],
        error_messages={
            "required": _("Choose what the service may do"),
            "invalid_choice": _("Choose what the service may do"),
        },
    )
    field_order = ["client_id", "recipient", "scopes", "key", "kid", "since", "until"]

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        recipients: list[tuple[str, str]],
        at: datetime,
    ) -> None:
        super().__init__(data, at=at)
        self._recipients = recipients
        self.fields["recipient"] = forms.ChoiceField(
            choices=recipients, error_messages=self.fields["recipient"].error_messages
        )

    @property
    def recipients(self) -> list[tuple[str, str, bool]]:
        """Return (slug, name, is it chosen)."""
        chosen = self["recipient"].value()
        return [(slug, name, slug == chosen) for slug, name in self._recipients]


class ScopesForm(_AdminForm):
    scopes = forms.MultipleChoiceField(required=False, choices=[(scope, scope) for scope in SCOPES])


class PurposeForm(_AdminForm):
    purpose = forms.SlugField()


class RequestForm(_AdminForm):
    request = forms.UUIDField()


class EndKeyForm(_AdminForm):
    key = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    days = forms.TypedChoiceField(choices=[(days, days) for days in ENDS], coerce=int)


def _begin(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day))  # noqa: DTZ001
