"""The field's words, spelled once. docs/glossary.md gives each in Dutch, with its source."""

import enum


class LegalBasis(enum.StrEnum):
    """GDPR art. 6(1)(a) to (f)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal-obligation"
    VITAL_INTERESTS = "vital-interests"
    PUBLIC_TASK = "public-task"
    LEGITIMATE_INTERESTS = "legitimate-interests"


class ConsentStatus(enum.StrEnum):
    """What a data subject chose; the names are those of the W3C Data Privacy Vocabulary."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Standing(enum.StrEnum):
    """Where a consent stands at a moment. `never-asked`, `expired` and `lapsed` are computed when read, never stored."""

    NEVER_ASKED = "never-asked"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    LAPSED = "lapsed"


class Channel(enum.StrEnum):
    """Through which channel a choice was made."""

    PORTAL = "portal"
    TELEPHONE = "telephone"
    COUNTER = "counter"


class Reason(enum.StrEnum):
    """Why a recipient may or may not use a data category. Public: callers branch on these."""

    CONSENT_GIVEN = "consent-given"
    OTHER_LEGAL_BASIS = "other-legal-basis"
    CONSENT_MISSING = "consent-missing"
    CONSENT_REFUSED = "consent-refused"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    CONSENT_EXPIRED = "consent-expired"
    NOTICE_CHANGED = "notice-changed"
    REQUIRED_CONSENT_MISSING = "required-consent-missing"
    PURPOSE_NOT_REGISTERED = "purpose-not-registered"
    DATA_CATEGORY_MISSING = "data-category-missing"
    SUBJECT_NOT_THE_CLIENT = "subject-not-the-client"
    RESOURCE_TYPE_UNKNOWN = "resource-type-unknown"


class JobKind(enum.StrEnum):
    """What work a job is. `operations/job_kinds.py` says how each is done."""

    LOG_EXPORT = "log-export"
    LOG_VERIFICATION = "log-verification"


class JobState(enum.StrEnum):
    """Where a job stands. From the last three it never moves."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobFault(enum.StrEnum):
    """Why a job failed. `officer/job_words.py` says it in a sentence."""

    LOG_BROKEN = "log-broken"
    NO_ROOM = "no-room"
    NOT_WRITABLE = "not-writable"
    GAVE_UP = "gave-up"
    NOT_ALLOWED = "not-allowed"  # any more: whoever asked may not have it now
