"""Every table about people who log in, the data subjects behind them, and the systems that call."""

from accounts.devices import RecoveryCode, RecoveryDevice, TotpDevice
from accounts.models.clients import ClientKey, Recipient, ServiceClient, UsedAssertion
from accounts.models.desk import DeskOpening
from accounts.models.mandates import Mandate
from accounts.models.notices import Notice
from accounts.models.people import DataSubject, Role, User
from accounts.models.sessions import UserSession
from accounts.models.throttle import ClientAllowance, ThrottleCounter

from accounts.models.passkeys import Passkey  # isort: skip  # its package asks for User at once

__all__ = [
    "ClientAllowance",
    "ClientKey",
    "DataSubject",
    "DeskOpening",
    "Mandate",
    "Notice",
    "Passkey",
    "Recipient",
    "RecoveryCode",
    "RecoveryDevice",
    "Role",
    "ServiceClient",
    "ThrottleCounter",
    "TotpDevice",
    "UsedAssertion",
    "User",
    "UserSession",
]
