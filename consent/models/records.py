"""The choices of data subjects: every choice a record, and where each choice stands now."""

import uuid

from django.db import models
from django.db.models import F, Q

from accounts.models import DataSubject
from consent.decision import Choice
from consent.models.notices import NoticeVersion
from consent.models.register import DataCategory, Purpose
from consent.vocabulary import Channel, ConsentStatus

_ONLY_GIVEN_HAS_AN_END = Q(status="given", valid_until__gt=F("recorded_at")) | (
    ~Q(status="given") & Q(valid_until=None)
)
_IS_A_CHOICE = Q(status__in=[status.value for status in ConsentStatus])


class ConsentRecord(models.Model):
    """One choice of one data subject about one purpose and category. Never changed: a new choice is a new record.

    Records saved with one press of the button share a `submission`: the number on the confirmation page.
    `entry_uid` is the line of the log that tells of it; None only in rows from before there was such a column
    whose line could not be told.

    Who chose is the data subject, unless one of the two says otherwise: `mandate_uid` a representative,
    `employee_uid` the service desk that wrote down what the data subject said.
    """

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    submission = models.CharField(max_length=16)
    subject = models.ForeignKey(DataSubject, models.PROTECT, related_name="consent_records")
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="+")
    category = models.ForeignKey(DataCategory, models.PROTECT, related_name="+")
    notice_version = models.ForeignKey(NoticeVersion, models.PROTECT, related_name="+")
    language = models.CharField(max_length=12)
    status = models.CharField(
        max_length=9, choices=[(status.value, status.value) for status in ConsentStatus]
    )
    channel = models.CharField(
        max_length=10, choices=[(channel.value, channel.value) for channel in Channel]
    )
    recorded_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)  # exclusive; only a given consent has an end
    entry_uid = models.UUIDField(null=True, editable=False)
    # No foreign keys: the record outlives what they lead to, and names nobody then.
    mandate_uid = models.UUIDField(null=True, editable=False)
    employee_uid = models.UUIDField(null=True, editable=False)

    class Meta:
        constraints = [
            # With a condition SQLite needs no new table for it.
            models.UniqueConstraint(
                fields=["entry_uid"],
                condition=Q(entry_uid__isnull=False),
                name="one_consent_record_per_line_of_the_log",
            ),
            models.CheckConstraint(
                condition=_IS_A_CHOICE, name="consent_record_status_is_a_choice"
            ),
            models.CheckConstraint(
                condition=_ONLY_GIVEN_HAS_AN_END, name="a_given_consent_and_only_that_has_an_end"
            ),
        ]
        indexes = [
            models.Index(
                fields=["subject", "purpose", "category", "-id"], name="consent_record_latest"
            ),
            models.Index(fields=["subject", "submission"], name="consent_record_submission"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.reference}"


class CurrentConsent(models.Model):
    """The latest record per data subject, purpose and category. Derived: rebuildable from the records."""

    subject = models.ForeignKey(DataSubject, models.PROTECT, related_name="current_consents")
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="+")
    category = models.ForeignKey(DataCategory, models.PROTECT, related_name="+")
    record = models.OneToOneField(ConsentRecord, models.PROTECT, related_name="+")
    status = models.CharField(max_length=9)
    valid_until = models.DateTimeField(null=True)
    notice_number = models.PositiveIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "purpose", "category"],
                name="one_current_consent_per_purpose_and_category",
            ),
            models.CheckConstraint(
                condition=_IS_A_CHOICE, name="current_consent_status_is_a_choice"
            ),
            models.CheckConstraint(
                condition=_ONLY_GIVEN_HAS_AN_END, name="a_current_yes_and_only_that_has_an_end"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"

    @property
    def choice(self) -> Choice:
        """Return the same as a fact for the rules."""
        return Choice(
            status=ConsentStatus(self.status),
            valid_until=self.valid_until,
            notice_number=self.notice_number,
        )
