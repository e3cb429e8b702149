"""What is typed while logging in. Nothing typed here is ever shown again, except the e-mail address."""

from django import forms
from django.forms.utils import ErrorDict
from django.utils.translation import gettext_lazy as _


class TypedForm(forms.Form):
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


class PasswordForm(TypedForm):
    # Not an EmailField: whatever was typed gets the same answer.
    email = forms.CharField(
        max_length=320, error_messages={"required": _("Fill in your e-mail address")}
    )
    password = forms.CharField(
        max_length=1024,
        strip=False,
        error_messages={"required": _("Fill in your password")},
    )


class CodeForm(TypedForm):
    code = forms.CharField(
        max_length=64, error_messages={"required": _("Fill in the code from your app (6 digits)")}
    )


class RecoveryCodeForm(TypedForm):
    code = forms.CharField(
        max_length=64, error_messages={"required": _("Fill in one of your recovery codes")}
    )


_CODE_ON_THE_LETTER = {"required": _("Fill in the code of the letter")}
_NEW_PASSWORD = {"required": _("Choose a password")}


class NewPasswordField(forms.CharField):
    """A password as it was typed: nothing is cut off. What is far too long is refused with the right words."""

    def __init__(self) -> None:
        super().__init__(max_length=4096, strip=False, error_messages=dict(_NEW_PASSWORD))


class NewEmailField(forms.EmailField):
    def __init__(self) -> None:
        super().__init__(
            max_length=254,
            error_messages={
                "required": _("Fill in your e-mail address"),
                "invalid": _("Fill in an e-mail address, such as name@example.nl"),
            },
        )


class ReferenceForm(TypedForm):
    reference = forms.CharField(
        max_length=40, error_messages={"required": _("Fill in your customer number")}
    )


class ActivationForm(TypedForm):
    code = forms.CharField(max_length=64, error_messages=_CODE_ON_THE_LETTER)
    email = NewEmailField()
    password = NewPasswordField()


class ForgottenForm(TypedForm):
    # Not an EmailField: whatever was typed gets the same answer.
    email = forms.CharField(
        max_length=320, error_messages={"required": _("Fill in your e-mail address")}
    )


class ResetForm(CodeForm):
    password = NewPasswordField()


class InvitedForm(TypedForm):
    password = NewPasswordField()


class ChangePasswordForm(TypedForm):
    current = forms.CharField(
        max_length=1024, strip=False, error_messages={"required": _("Fill in your password")}
    )
    password = NewPasswordField()


class ChangeEmailForm(TypedForm):
    email = NewEmailField()


class PostedCodeForm(TypedForm):
    code = forms.CharField(max_length=64, error_messages=_CODE_ON_THE_LETTER)


class CaseForm(TypedForm):
    reference = forms.CharField(
        max_length=40, error_messages={"required": _("Fill in the customer number")}
    )
    evidence = forms.ChoiceField(
        choices=[("desk", ""), ("video", "")],
        error_messages={"required": _("Choose how you saw who it is")},
    )


class InviteForm(TypedForm):
    email = NewEmailField()
    role = forms.ChoiceField(
        choices=[("desk", ""), ("officer", ""), ("admin", "")],
        error_messages={"required": _("Choose a role")},
    )


class PasskeyForm(TypedForm):
    """What a device answered; a script of ours puts it in. What it says is checked elsewhere."""

    passkey = forms.CharField(
        max_length=16_384,
        error_messages={
            "required": _("Your browser gave no answer. Press the button once more."),
            "max_length": _("Your browser gave no answer. Press the button once more."),
        },
    )


class PasskeyNameForm(TypedForm):
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
