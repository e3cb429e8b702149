"""Mandates in the words of those who give, hold and record them."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.vocabulary import Evidence, MandateKind, Permission
from consent.queries.mandates import MandateState

_Words = str | Promise

PERMISSIONS: dict[str, _Words] = {
    Permission.VIEW: _("Look at the data and the choices"),
    Permission.WITHDRAW: _("Say no, and change a yes to no"),
    Permission.GIVE: _("Say yes"),
    Permission.EXPORT: _("Download the data"),
}
KINDS: dict[str, _Words] = {
    MandateKind.VOLUNTARY: _("Given by the person"),
    MandateKind.PARENTAL: _("Parent or guardian"),
    MandateKind.CURATOR: _("Curator"),
    MandateKind.ADMINISTRATOR: _("Administrator of property"),
    MandateKind.MENTOR: _("Mentor"),
}
EVIDENCES: dict[str, _Words] = {
    Evidence.COURT_ORDER: _("Decision of a court"),
    Evidence.REGISTER: _("A public register"),
    Evidence.BIRTH_CERTIFICATE: _("Birth certificate"),
}
STATES: dict[str, _Words] = {
    MandateState.WAITING: _("Not accepted yet"),
    MandateState.COUNTS: pgettext_lazy("of a mandate", "Counts"),
    MandateState.ENDED: pgettext_lazy("of a mandate", "Ended"),
    MandateState.EXPIRED: pgettext_lazy("of a mandate", "Expired"),
}
