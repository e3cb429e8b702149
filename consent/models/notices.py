"""The words a data subject reads before choosing."""

from django.db import models

from accounts.models import DataSubject
from consent.models.register import Purpose


class NoticeVersion(models.Model):
    """The immutable text shown for a purpose, per language. A changed word is a new version.

    `texts` is {"nl": {...}, "en": {...}} with the keys of `purposes[].texts` in the catalogue schema;
    `digest` is the SHA-256 of its canonical JSON.
    """

    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="notice_versions")
    number = models.PositiveIntegerField()
    texts = models.JSONField()
    digest = models.CharField(max_length=64)
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "number"], name="a_notice_version_is_numbered_once"
            ),
        ]

    def __str__(self) -> str:
        return f"notice {self.purpose_id} v{self.number}"


class DismissedQuestion(models.Model):
    """'Do not show this again', for one notice version: asked again only when the text changes."""

    subject = models.ForeignKey(DataSubject, models.CASCADE, related_name="+")
    notice_version = models.ForeignKey(NoticeVersion, models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "notice_version"], name="a_question_is_dismissed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"dismissed {self.notice_version_id}"
