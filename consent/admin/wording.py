"""Codes of systems in the words of an administrator."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consent.vocabulary import SCOPE_CHECK

SCOPES: dict[str, str | Promise] = {
    SCOPE_CHECK: _("Ask whether it may use something about a customer"),
}
