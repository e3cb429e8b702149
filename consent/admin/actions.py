"""What an administrator can do with a system that is registered: each button of its page, and what is said afterwards."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import ClientKey, ServiceClient, User
from consent.admin.forms import EndKeyForm, PurposeForm, RequestForm, ScopesForm
from consent.errors import ConsentError, RequestDecidedError
from consent.operations import purpose_requests, services
from consent.operations.services import NotInRegisterError


class RefusedError(Exception):
    """It cannot be done. The message tells a person what to do next."""


Action = Callable[[User, ServiceClient, QueryDict, datetime], str]


def act(name: str, *, admin: User, client: ServiceClient, sent: QueryDict, at: datetime) -> str:
    """Do what the button with this name does, and return what is now true.

    Raises:
        RefusedError: it cannot be done; nothing changed.
    """
    action = _ACTIONS.get(name)
    if action is None:
        raise RefusedError(_("That did not work. Try again."))
    try:
        return action(admin, client, sent, at)
    except ConsentError as error:
        raise RefusedError(str(error)) from error
    except NotInRegisterError as error:
        raise RefusedError(
            _("In the register, nothing is used for this purpose by this recipient.")
        ) from error


def _switch_on(admin: User, client: ServiceClient, _sent: QueryDict, at: datetime) -> str:
    services.switch(admin=admin, client=client, is_active=True, at=at)
    return _("The service is on. It has to ask for a new token.")


def _switch_off(admin: User, client: ServiceClient, _sent: QueryDict, at: datetime) -> str:
    services.switch(admin=admin, client=client, is_active=False, at=at)
    return _("The service is off. Its tokens no longer count.")


def _change_scopes(admin: User, client: ServiceClient, sent: QueryDict, at: datetime) -> str:
    chosen = _checked(ScopesForm(sent))["scopes"]
    services.change_scopes(admin=admin, client=client, scopes=chosen, at=at)
    return _("The rights were saved. They count within five seconds, for tokens that are out too.")


def _end_key(admin: User, client: ServiceClient, sent: QueryDict, at: datetime) -> str:
    chosen = _checked(EndKeyForm(sent))
    try:
        services.end_key(
            admin=admin,
            client=client,
            key_id=chosen["key"],
            after=timedelta(days=chosen["days"]),
            at=at,
        )
    except ClientKey.DoesNotExist as error:
        raise RefusedError(_("This key has ended already.")) from error
    if chosen["days"]:
        return _("The key ends on the day that you chose.")
    return _("The key has ended, and so have the tokens of this service.")


def _ask(admin: User, client: ServiceClient, sent: QueryDict, at: datetime) -> str:
    chosen = _checked(PurposeForm(sent))["purpose"]
    purpose_requests.ask_purpose(admin=admin, client=client, purpose=chosen, at=at)
    return _("It was asked. Another administrator has to approve it.")


def _remove(admin: User, client: ServiceClient, sent: QueryDict, at: datetime) -> str:
    chosen = _checked(PurposeForm(sent))["purpose"]
    purpose_requests.remove_purpose(admin=admin, client=client, purpose=chosen, at=at)
    return _("The service may no longer ask about this purpose.")


def _approve(admin: User, client: ServiceClient, sent: QueryDict, at: datetime) -> str:
    purpose_requests.approve_purpose(admin=admin, request_id=_own(client, sent), at=at)
    return _("The service may ask about this purpose from now on.")


def _decline(admin: User, client: ServiceClient, sent: QueryDict, at: datetime) -> str:
    purpose_requests.decline_purpose(admin=admin, request_id=_own(client, sent), at=at)
    return _("The service does not get this purpose.")


def _own(client: ServiceClient, sent: QueryDict) -> UUID:
    """Return the request that was chosen, if it is one of this system: the page showed no other."""
    chosen = _checked(RequestForm(sent))["request"]
    found = client.purpose_requests.filter(pk=chosen).first()
    if found is None:
        raise RequestDecidedError
    return found.pk


def _checked(form: forms.Form) -> dict[str, Any]:
    if not form.is_valid():
        raise RefusedError(_("That did not work. Try again."))
    return form.cleaned_data


_ACTIONS: dict[str, Action] = {
    "on": _switch_on,
    "off": _switch_off,
    "scopes": _change_scopes,
    "end-key": _end_key,
    "ask": _ask,
    "remove": _remove,
    "approve": _approve,
    "decline": _decline,
}
