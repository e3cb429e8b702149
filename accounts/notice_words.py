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
    NoticeKind.ACTIVATION_LINK: NoticeWords(
        subject=_("Make your account"),
        says=(
            _("You filled in the code of our letter."),
            _("Open this link within 24 hours to make your account:"),
        ),
        link="activation-link",
    ),
    NoticeKind.ACTIVATED: NoticeWords(
        subject=_("Your account is ready"),
        says=(_("On %(when)s your account was made, with the code of our letter."),),
    ),
    NoticeKind.ALREADY_ACTIVE: NoticeWords(
        subject=_("You have an account already"),
        says=(
            _("On %(when)s someone asked for a letter to make an account for you."),
            _("You have an account, so we send no letter. You can simply log in."),
        ),
    ),
    NoticeKind.ADDRESS_IN_USE: NoticeWords(
        subject=_("Someone filled in your e-mail address"),
        says=(
            _("On %(when)s someone wanted to use this e-mail address for an account."),
            _("You have an account with this address already, so nothing changed."),
        ),
    ),
    NoticeKind.PASSWORD_RESET: NoticeWords(
        subject=_("Choose a new password"),
        says=(
            _("On %(when)s someone asked for a new password for your account."),
            _("Open this link within half an hour. Keep the app with codes at hand:"),
        ),
        link="password-reset-link",
    ),
    NoticeKind.RESET_IMPOSSIBLE: NoticeWords(
        subject=_("A new password is not possible by e-mail"),
        says=(
            _("On %(when)s someone asked for a new password for your account."),
            _("Your account has no app with codes, or it is the account of an employee."),
            _("Do you have a passkey? Log in with it: then you need no password."),
            _("A customer can ask for a letter with a code. An employee asks an administrator."),
        ),
    ),
    NoticeKind.EMAIL_CHANGE: NoticeWords(
        subject=_("Your new e-mail address"),
        says=(
            _("On %(when)s you filled in this address as your new e-mail address."),
            _("Open this link within an hour, and you log in with it from then on:"),
        ),
        link="email-change-link",
    ),
    NoticeKind.EMAIL_CHANGED: NoticeWords(
        subject=_("Your e-mail address was changed"),
        says=(
            _("On %(when)s your account got another e-mail address."),
            _("Did you not do this? Then put your old address back, before %(until)s:"),
        ),
        link="email-undo-link",
    ),
    NoticeKind.EMAIL_RESTORED: NoticeWords(
        subject=_("Your old e-mail address counts again"),
        says=(
            _("On %(when)s your old e-mail address was put back."),
            _("Everyone is logged out. Log in and choose another password."),
        ),
    ),
    NoticeKind.DEVICE_LETTER_ASKED: NoticeWords(
        subject=_("We send you a code by post"),
        says=(
            _("On %(when)s someone who knows your password asked for a code by post."),
            _("With that code one can set up a new app with codes. It comes to your home address."),
        ),
    ),
    NoticeKind.DEVICE_LETTER_REFUSED: NoticeWords(
        subject=_("We could not send a code by post"),
        says=(
            _("You asked for a code by post."),
            _("We have had your address for less than 30 days, or we do not know it. Call us."),
        ),
    ),
    NoticeKind.DEVICE_LETTER_USED: NoticeWords(
        subject=_("The code of our letter was used"),
        says=(
            _("On %(when)s someone used your password and the code of our letter."),
            _("With these, one can set up a new app with codes. The old app then stops working."),
        ),
    ),
    NoticeKind.RECOVERY_OPENED: NoticeWords(
        subject=_("Someone says that you lost your account"),
        says=(
            _("On %(when)s someone showed us who he is, and said that everything was lost."),
            _("A second employee looks at it now. Was this not you? Then stop it here:"),
        ),
        link="recovery-cancel-link",
    ),
    NoticeKind.RECOVERY_APPROVED: NoticeWords(
        subject=_("In three days your account starts anew"),
        says=(
            _("Two employees agreed that you lost everything."),
            _("On %(until)s all that gives access stops working. Then we send a letter."),
            _("Was this not you? Then stop it here:"),
        ),
        link="recovery-cancel-link",
    ),
    NoticeKind.RECOVERY_CANCELLED: NoticeWords(
        subject=_("It was stopped: nothing changed in your account"),
        says=(_("On %(when)s it was stopped that your account starts anew."),),
        was_it_you=False,
    ),
    NoticeKind.RECOVERY_DONE: NoticeWords(
        subject=_("Your account starts anew"),
        says=(
            _("On %(when)s your password, your app and your recovery codes stopped working."),
            _("You get a code with which you make your account ready again."),
        ),
    ),
    NoticeKind.INVITATION: NoticeWords(
        subject=_("You are invited to work with us"),
        says=(_("An administrator invited you. Open this link within 24 hours:"),),
        link="invitation-link",
        was_it_you=False,
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
