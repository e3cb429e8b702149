"""Jobs in the words of the privacy office: what they are, how far they are, why they failed."""

from datetime import timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext, pgettext_lazy

from audit.contents import Contents
from audit.queries import EntryFilter
from consent.officer import wording
from consent.queries.jobs import JobView
from consent.queries.log import pseudonym
from consent.queries.register import Register
from consent.templatetags.parts import day
from consent.vocabulary import JobFault, JobKind, JobState

_Words = str | Promise

EXPORTS: dict[str, _Words] = {
    Contents.COMPLETE: _("Export of the whole log"),
    Contents.SELECTION: _("Export of a selection"),
    Contents.TABLE: _("Export for a spreadsheet"),
}
KINDS: dict[str, _Words] = {
    JobKind.LOG_EXPORT: _("Export of the log"),
    JobKind.LOG_VERIFICATION: _("Check of the log"),
}
PROVES: dict[str, _Words] = {
    Contents.COMPLETE: _("Proves that each line is genuine, and that no line is missing."),
    Contents.SELECTION: _("Proves that each line is genuine, not that no line is missing."),
    Contents.TABLE: _("Is for reading and counting, and proves nothing by itself."),
}
_CHECK_IT = _(
    "Unpack the file and read the README in it. With what is in it anyone can check the export."
)
NEXT: dict[str, _Words] = {
    Contents.COMPLETE: _CHECK_IT,
    Contents.SELECTION: _CHECK_IT,
    Contents.TABLE: _("Unpack the file and open the table in a spreadsheet."),
}
STATES: dict[JobState, _Words] = {
    JobState.QUEUED: _("Waits for its turn"),
    JobState.RUNNING: _("In progress"),
    JobState.DONE: _("Ready"),
    JobState.FAILED: _("Failed"),
    JobState.CANCELLED: pgettext_lazy("a job", "Stopped"),
}
FAULTS: dict[str, _Words] = {
    JobFault.LOG_BROKEN: _(
        "The log is not intact, so nothing was exported. The page of the log says what to do."
    ),
    JobFault.NO_ROOM: _(
        "There is no room left on the disk. Ask your system administrator for room, then try again."
    ),
    JobFault.NOT_WRITABLE: _(
        "The file could not be written. Ask your system administrator to look at the folder for exports."
    ),
    JobFault.GAVE_UP: _(
        "It was interrupted several times. Try again, and warn your system administrator when that fails too."
    ),
    JobFault.NOT_ALLOWED: _("Whoever asked for this may no longer have it."),
}

_A_MINUTE, _AN_HOUR = timedelta(minutes=1), timedelta(hours=1)
_LONGEST_IN_MINUTES = timedelta(minutes=90)


def title(job: JobView) -> str:
    return str(EXPORTS.get(job.contents) or KINDS.get(job.kind, job.kind))


def in_words(job: JobView, *, register: Register, language: str) -> dict[str, object]:
    """Return what a template needs beside the job itself."""
    return {
        "job": job,
        "title": title(job),
        "state": str(STATES[job.state]),
        "left": time_left(job.left),
        "fault": str(FAULTS.get(job.fault, "")),
        "proves": str(PROVES.get(job.contents, "")),
        "next": str(NEXT.get(job.contents, "")),
        "filter": filter_in_words(job.filter, register=register, language=language),
    }


def time_left(left: timedelta | None) -> str:
    if left is None:
        return str(_("How long it still takes is not known yet."))
    if left < _A_MINUTE:
        return str(_("Less than a minute to go."))
    if left < _LONGEST_IN_MINUTES:
        count = round(left / _A_MINUTE)
        words = ngettext("About %(count)d minute to go.", "About %(count)d minutes to go.", count)
    else:
        count = round(left / _AN_HOUR)
        words = ngettext("About %(count)d hour to go.", "About %(count)d hours to go.", count)
    return words % {"count": count}


def filter_in_words(
    asked: EntryFilter, *, register: Register, language: str
) -> list[tuple[str, str]]:
    """Return what narrows the selection, as (name, value)."""
    said: list[tuple[_Words, str]] = [
        (pgettext("from a day", "From"), day(asked.since) if asked.since else ""),
        (_("Up to and including"), day(asked.until - _A_MINUTE) if asked.until else ""),
        (_("Kind"), wording.kind(asked.kind)),
        (_("Purpose"), register.purpose_title(asked.purpose, language)),
        (_("Answer"), wording.outcome(asked.outcome, kind_code=asked.kind)[1]),
        (_("Service"), register.recipient_name(asked.recipient, language)),
        (_("Customer"), pseudonym(asked.subject_id) if asked.subject_id else ""),
    ]
    return [(str(name), value) for name, value in said if value]
