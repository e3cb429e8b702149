"""The words of each mail about an account; `templates/email/notice.txt` puts them together."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.notice_kinds import NoticeKind

Words = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeWords:
    """A mail about an account. `says` are its paragraphs; facts of the notice may stand in them as `%(name)s`.

    `link` is the name of an address that takes the token of the notice, with what one does there before
    it. `was_it_you`: say what to do when the reader did not do this.
    """

    subject: Words
    says: tuple[Words, ...]
    link: str = ""
    was_it_you: bool = True


WORDS: dict[NoticeKind, NoticeWords] = {
    NoticeKind.PASSWORD_CHANGED: NoticeWords(
        subject=_("Your password was changed"),
        says=(
            _("On %(when)s the password of your account was changed."),
            _("Everyone who was logged in with the old password is now logged out."),
        ),
    ),
    NoticeKind.FACTOR_ADDED: NoticeWords(
        subject=_("Your second step was set up"),
        says=(_("On %(when)s an app with codes was set up for your account."),),
    ),
    NoticeKind.IDENTITY_LINKED: NoticeWords(
        subject=_("You can log in with another organisation"),
        says=(_("On %(when)s %(provider)s was linked to your account. You can log in with it."),),
    ),
    NoticeKind.IDENTITY_REMOVED: NoticeWords(
        subject=_("You can no longer log in with another organisation"),
        says=(_("On %(when)s the link between your account and %(provider)s was removed."),),
    ),
    NoticeKind.PASSKEY_ADDED: NoticeWords(
        subject=_("A passkey was made"),
        says=(
            _("On %(when)s a passkey was made for your account."),
            _("Whoever has it can log in to your account."),
        ),
    ),
    NoticeKind.PASSKEY_RENAMED: NoticeWords(
        subject=_("A passkey got another name"),
        says=(_("On %(when)s a passkey of your account got another name."),),
    ),
    NoticeKind.PASSKEY_REMOVED: NoticeWords(
        subject=_("A passkey was removed"),
        says=(
            _("On %(when)s a passkey of your account was removed."),
            _("One can no longer log in with it."),
        ),
    ),
    NoticeKind.UNKNOWN_BROWSER: NoticeWords(
        subject=_("You logged in with another browser"),
        says=(
            _("On %(when)s someone logged in to your account, with: %(browser)s."),
            _("We had not seen this browser with your account before."),
        ),
    ),
    NoticeKind.RECOVERY_CODE_USED: NoticeWords(
        subject=_("A recovery code was used"),
        says=(
            _("On %(when)s someone used a recovery code and your password."),
            _("With these, one can set up a new app with codes. The old app then stops working."),
        ),
    ),
}
