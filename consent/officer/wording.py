"""Codes of the log in the words of the privacy office."""

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.vocabulary import OpeningReason
from audit.events import Actor, EventKind
from consent.queries.log_days import LogDays
from consent.templatetags.parts import day, number
from consent.vocabulary import Reason

_Words = str | Promise

KINDS: dict[str, _Words] = {
    EventKind.CONSENT_GIVEN: _("Consent given"),
    EventKind.CONSENT_REFUSED: _("Consent refused"),
    EventKind.CONSENT_WITHDRAWN: _("Consent withdrawn"),
    EventKind.ACCESS_DECIDED: _("Question from a service"),
    EventKind.LOG_READ: _("Log read"),
    EventKind.LOG_EXPORTED: _("Log exported"),
    EventKind.EXPORT_DOWNLOADED: _("Export downloaded"),
    EventKind.JOURNAL_RESTARTED: _("Journal of the log restarted"),
    EventKind.CLOCK_WENT_BACK: _("Clock went back"),
    EventKind.ENTRIES_REQUEUED: _("Lines put back in the queue"),
    EventKind.LOG_VERIFIED: _("Log verified"),
    EventKind.KEY_DESTROYED: _("Key destroyed"),
    EventKind.TAG_KEY_TAKEN: _("Key to check the log downloaded"),
    EventKind.MASTER_KEY_ROTATED: _("Master key replaced"),
    EventKind.SUBJECT_ERASED: _("Customer erased"),
    EventKind.LOG_KEY_ROTATED: _("New key of the log"),
    EventKind.LOG_KEY_RETIRED: _("Old key of the log ended"),
    EventKind.LOG_RESTARTED: _("Log went on under another name after an incident"),
    EventKind.SIGNED_IN: _("Logged in"),
    EventKind.IDENTITY_CONFIRMED: _("Second step given again"),
    EventKind.SESSION_ENDED: _("Logged out elsewhere"),
    EventKind.VALUE_SHOWN: _("Hidden number shown to the customer"),
    EventKind.SIGN_IN_FAILED: _("Log-in failed"),
    EventKind.SECOND_FACTOR_ADDED: _("Second step set up"),
    EventKind.PASSKEY_ADDED: _("Passkey made"),
    EventKind.PASSKEY_RENAMED: _("Passkey renamed"),
    EventKind.PASSKEY_REMOVED: _("Passkey removed"),
    EventKind.RECOVERY_CODE_USED: _("Recovery code used"),
    EventKind.RECOVERY_CODES_MADE: _("New recovery codes"),
    EventKind.FACTOR_DISABLED: _("Second step switched off after wrong codes"),
    EventKind.ATTACK_SUSPECTED: _("Wrong passwords on very many accounts"),
    EventKind.CUSTOMER_OPENED: _("Customer opened at the service desk"),
    EventKind.DATA_SEEN: _("Data looked at by someone else"),
    EventKind.MANDATE_GIVEN: _("Mandate given"),
    EventKind.MANDATE_ACCEPTED: _("Mandate accepted"),
    EventKind.MANDATE_RECORDED: _("Mandate recorded, by law"),
    EventKind.MANDATE_ENDED: _("Mandate ended"),
    EventKind.MANDATE_STARTED: _("Acting for another began"),
    EventKind.MANDATE_USED: _("Acted for another"),
    EventKind.SEAL_BROKEN: _("Sealed data was moved or changed"),
    EventKind.CATALOGUE_LOADED: _("Register loaded"),
}
ACTORS: dict[str, _Words] = {
    Actor.DATA_SUBJECT: _("Customer"),
    Actor.SERVICE: _("Unknown service"),
    Actor.REPRESENTATIVE: _("Representative"),
    Actor.OFFICER: _("Privacy officer"),
    Actor.DESK: _("Service desk"),
    Actor.ADMIN: _("Administrator"),
    Actor.SYSTEM: _("This system"),
}
OUTCOMES: dict[str, tuple[str, _Words]] = {  # icon and words; neither has a color of its own
    "permitted": ("check", pgettext_lazy("answer to a service", "Allowed")),
    "refused": ("minus", pgettext_lazy("answer to a service", "Not allowed")),
    "given": ("check", pgettext_lazy("answer of a customer", "Yes")),
    "withdrawn": ("minus", pgettext_lazy("answer of a customer", "Yes became no")),
    "sound": ("check", pgettext_lazy("outcome of a verification", "Intact")),
    "broken": ("alert", pgettext_lazy("outcome of a verification", "Broken")),
}
CONSENT_REFUSED: tuple[str, _Words] = ("minus", pgettext_lazy("answer of a customer", "No"))
# What is wrong with the log, by the name and the state of a check of `audit.health`.
ALARMS: dict[tuple[str, str], _Words] = {
    ("verification", "broken"): _("The log was recomputed, and it is not intact."),
    ("verification", "old"): _("The log was not recomputed for more than three days."),
    ("journal", "fault"): _("The log does not agree with its journal, so nothing is signed."),
    ("triggers", "missing"): _("The database no longer refuses changes to the log."),
    ("numbering", "late"): _("New lines wait too long for their number."),
    ("signing", "late"): _("New lines wait too long for their signature."),
}
REASONS: dict[str, _Words] = {
    Reason.CONSENT_GIVEN: _("Customer said yes"),
    Reason.OTHER_LEGAL_BASIS: _("No consent needed"),
    Reason.CONSENT_MISSING: _("Not chosen yet"),
    Reason.CONSENT_REFUSED: _("Customer said no"),
    Reason.CONSENT_WITHDRAWN: _("Customer changed yes to no"),
    Reason.CONSENT_EXPIRED: _("Consent has ended"),
    Reason.NOTICE_CHANGED: _("Explanation changed"),
    Reason.REQUIRED_CONSENT_MISSING: _("No yes to what is needed"),
    Reason.PURPOSE_NOT_REGISTERED: _("Use is not in the register"),
    Reason.DATA_CATEGORY_MISSING: _("No kind of data named"),
    Reason.SUBJECT_NOT_THE_CLIENT: _("Service asked for another service"),
    Reason.RESOURCE_TYPE_UNKNOWN: _("Unknown kind of question"),
    OpeningReason.CALLED: _("Customer called"),
    OpeningReason.AT_THE_COUNTER: _("Customer came to the counter"),
    OpeningReason.WROTE: _("Customer wrote"),
    OpeningReason.COMPLAINT: _("Customer has a complaint"),
    "wrong-password": _("Password was wrong"),
    "wrong-code": _("Code was wrong"),
    "too-many-attempts": _("Tried too often"),
}


def kind(code: str) -> str:
    return str(KINDS.get(code, code))


def actor(code: str) -> str:
    return str(ACTORS.get(code, code))


def alarm(*, name: str, state: str) -> str:
    return str(ALARMS[name, state])


def reason(code: str) -> str:
    return str(REASONS.get(code, code))


def outcome(code: str, *, kind_code: str) -> tuple[str, str]:
    """Return icon and words. A service is refused something; a customer refuses."""
    is_a_no = code == "refused" and kind_code == EventKind.CONSENT_REFUSED
    icon, words = CONSENT_REFUSED if is_a_no else OUTCOMES.get(code, ("info", code))
    return icon, str(words)


def per_day(days: LogDays) -> str:
    """Return what the chart shows, in a few sentences."""
    said = [
        ngettext(
            "On %(last)s there was %(total)s line.",
            "On %(last)s there were %(total)s lines.",
            days.total,
        )
        if len(days.days) == 1
        else ngettext(
            "From %(first)s up to and including %(last)s there was %(total)s line.",
            "From %(first)s up to and including %(last)s there were %(total)s lines.",
            days.total,
        )
    ]
    if days.total and days.refused is not None:
        said.append(gettext("Of these, %(refused)s (%(share)d%%) say no."))
    if days.total and len(days.days) > 1:
        said.append(gettext("The busiest day was %(busiest)s, with %(most)s."))
    if days.is_cut:
        said.append(gettext("Earlier days are not counted here. Choose fewer days to see them."))
    return " ".join(said) % {
        "first": day(days.days[0].day),
        "last": day(days.days[-1].day),
        "total": number(days.total),
        "refused": number(days.refused or 0),
        "share": round(100 * (days.refused or 0) / (days.total or 1)),
        "busiest": day(days.busiest.day),
        "most": number(days.busiest.total),
    }
