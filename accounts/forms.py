"""What is typed while logging in. Nothing typed here is ever shown again, except the e-mail address."""

from django import forms
from django.forms.utils import ErrorDict
from django.utils.translation import gettext_lazy as _


class _TypedForm(forms.Form):
    """A form whose errors say what to do, each with the field that it is about."""

    error_css_class = ""
    use_required_attribute = False

    @property
    def error_list(self) -> list[tuple[str, str]]:
        """Return the errors as (id to jump to, what to do)."""
        found: ErrorDict = self.errors
        return [
            (f"id_{name if name in self.fields else next(iter(self.fields))}", str(text))
            for name, texts in found.items()
            for text in texts
        ]


TypedForm = _TypedForm  # for the forms of other apps


class PasswordForm(_TypedForm):
    # Not an EmailField: whatever was typed gets the same answer.
    email = forms.CharField(
        max_length=320, error_messages={"required": _("Fill in your e-mail address")}
    )
    password = forms.CharField(
        max_length=1024,
        strip=False,
        error_messages={"required": _("Fill in your password")},
    )


class CodeForm(_TypedForm):
    code = forms.CharField(
        max_length=64, error_messages={"required": _("Fill in the code from your app (6 digits)")}
    )


class RecoveryCodeForm(_TypedForm):
    code = forms.CharField(
        max_length=64, error_messages={"required": _("Fill in one of your recovery codes")}
    )


class PasskeyForm(_TypedForm):
    """What a device answered; a script of ours puts it in. What it says is checked elsewhere."""

    passkey = forms.CharField(
        max_length=16_384,
        error_messages={
            "required": _("Your browser gave no answer. Press the button once more."),
            "max_length": _("Your browser gave no answer. Press the button once more."),
        },
    )


class PasskeyNameForm(_TypedForm):
    name = forms.CharField(
        max_length=40,
        error_messages={
            "required": _("Fill in a name"),
            "max_length": _("Use a shorter name: at most 40 characters"),
        },
    )


class NewPasskeyForm(PasskeyForm):
    name = forms.CharField(
        required=False,
        max_length=40,
        error_messages={"max_length": _("Use a shorter name: at most 40 characters")},
    )
