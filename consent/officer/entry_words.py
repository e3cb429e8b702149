"""What the two sealed parts of one line say, member by member: in words, with the code beside it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.vocabulary import Ender
from audit.canonical import Json
from consent.officer import wording
from consent.queries.values import LogEntryPage
from consent.vocabulary import Channel

_MEMBERS: dict[str, str | Promise] = {
    "purpose": _("Purpose"),
    "dataCategory": _("Data"),
    "recipient": _("Used by"),
    "outcome": _("Answer"),
    "reason": _("Reason"),
    "record": _("Number of the choice in our records"),
    "submission": _("Number on the confirmation page"),
    "noticeVersion": _("Version of the explanation"),
    "noticeDigest": _("Check number of the explanation"),
    "language": _("Language"),
    "channel": _("Where it was chosen"),
    "note": _("Written to the customer"),
    "page": _("Page that was looked at"),
    "mandate": _("Number of the mandate"),
    "as": _("Part of this person in the mandate"),
    "act": _("What was done"),
    "endedBy": _("Ended by"),
    "opening": _("Number of the opening at the desk"),
    "factor": _("Second step"),
    "step": _("Step of logging in"),
    "client": _("System that asked"),
    "request": _("Number of the question"),
    "user": _("Account of the employee"),
    "entry": _("Line that was read"),
    "filter": _("What was searched for"),
    "form": _("Kind of file"),
    "counted": _("Lines recomputed"),
    "faults": _("Faults"),
    "key": pgettext_lazy("of encryption", "Key"),
    "kind": _("Kind"),
    "month": _("Month"),
    "size": _("Number of lines"),
    "root": _("Check number"),
    "reached": _("How far the clock had been"),
    "catalogue": _("Check number of the register"),
    "purposes": _("Purposes that changed"),
    "register": _("Other changes in the register"),
}

_CHANNELS: dict[str, str | Promise] = {
    Channel.PORTAL: _("On this website"),
    Channel.TELEPHONE: _("By telephone"),
    Channel.COUNTER: _("At the counter"),
}
_PARTS: dict[str, str | Promise] = {
    Ender.REPRESENTED: _("Represented person"),
    Ender.REPRESENTATIVE: _("Representative"),
    Ender.OFFICER: _("Privacy officer"),
}


_OF_MEMBER = {"channel": _CHANNELS, "as": _PARTS, "endedBy": _PARTS, "act": wording.KINDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One member of a part. `code` is empty where the words are the code."""

    label: str
    words: str
    code: str


def compartment(page: LogEntryPage, members: Mapping[str, Json] | None) -> list[Said] | None:
    """Return what a part says; None when it can no longer be read."""
    if members is None:
        return None
    places = {name: place for place, name in enumerate(_MEMBERS)}
    ordered = sorted(members, key=lambda name: places.get(name, len(places)))
    return [_said(page, name, members[name]) for name in ordered]


def _said(page: LogEntryPage, name: str, value: Json) -> Said:
    code = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    words = _words(page, name, code)
    return Said(
        label=str(_MEMBERS.get(name, name)), words=words, code=code if words != code else ""
    )


def _words(page: LogEntryPage, name: str, code: str) -> str:
    if name == "outcome":
        return wording.outcome(code, kind_code=page.line.kind)[1]
    if name == "reason":
        return wording.reason(code)
    if name == "language":
        return dict(settings.LANGUAGES).get(code, code)
    if name in _OF_MEMBER:
        return str(_OF_MEMBER[name].get(code, code))
    return page.names.get(name, "") or code
