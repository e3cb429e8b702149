"""Tables of the register, the notices, the choices, the held data and the work."""

from consent.models.held import HeldItem
from consent.models.jobs import Job
from consent.models.notices import DismissedQuestion, NoticeVersion
from consent.models.outbox import Message
from consent.models.records import ConsentRecord, CurrentConsent
from consent.models.register import (
    DataCategory,
    DataItem,
    Organisation,
    Processing,
    Purpose,
    PurposeCategory,
    Source,
)

__all__ = [
    "ConsentRecord",
    "CurrentConsent",
    "DataCategory",
    "DataItem",
    "DismissedQuestion",
    "HeldItem",
    "Job",
    "Message",
    "NoticeVersion",
    "Organisation",
    "Processing",
    "Purpose",
    "PurposeCategory",
    "Source",
]
