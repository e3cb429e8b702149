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
    NoticeKind.FACTOR_DISABLED: NoticeWords(
        subject=_("Your second step no longer works"),
        says=(
            _("On %(when)s a wrong code was typed for the 50th time in a row."),
            _(
                "To keep others out, this second step no longer works, also not with the right code."
            ),
            _("The page where you log in says what you can do."),
        ),
    ),
    NoticeKind.RECOVERY_CODES_MADE: NoticeWords(
        subject=_("New recovery codes were made"),
        says=(_("On %(when)s new recovery codes were made. The old ones no longer work."),),
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
    NoticeKind.MANDATE_GIVEN: NoticeWords(
        subject=_("You made a mandate"),
        says=(
            _("On %(when)s you made a mandate, so that someone can act for you."),
            _("It counts once that person accepts it with your code. You can end it at Mandates."),
        ),
    ),
    NoticeKind.MANDATE_ACCEPTED: NoticeWords(
        subject=_("Someone can act for you now"),
        says=(
            _("On %(when)s %(other)s accepted your mandate, and can act for you."),
            _("You can end this at any moment: log in and go to Mandates."),
        ),
        was_it_you=False,
    ),
    NoticeKind.MANDATE_RECORDED: NoticeWords(
        subject=_("A mandate was written down"),
        says=(
            _("On %(when)s we wrote down a mandate between you and %(other)s."),
            _("This follows from the law. You can see it at Mandates."),
        ),
        was_it_you=False,
    ),
    NoticeKind.MANDATE_STARTED: NoticeWords(
        subject=_("Someone acts for you"),
        says=(
            _("On %(when)s %(other)s began to act for you, with a mandate."),
            _("At Who looked? you can see what was looked at and chosen."),
        ),
        was_it_you=False,
    ),
    NoticeKind.MANDATE_ENDED: NoticeWords(
        subject=_("A mandate has ended"),
        says=(_("On %(when)s the mandate between you and %(other)s ended."),),
        was_it_you=False,
    ),
}
