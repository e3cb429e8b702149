"""Ways to an account other than logging in: questions, links by mail, codes by post, invitations, recovery."""

import enum
import uuid

from django.db import models
from django.db.models import Q

from accounts.models.people import DataSubject, Role, User
from audit.models import Key


class RequestKind(enum.StrEnum):
    ACTIVATION = "activation"
    PASSWORD_RESET = "password-reset"  # noqa: S105  # a name
    EMAIL_CHANGE = "email-change"


class AccountRequest(models.Model):
    """What somebody asked on a page that must not tell who is known here.

    The page only stores it, so it does the same work whoever is asked about. Who that is, is looked up
    by a worker. `typed_sealed` is sealed by the key of the month; `user` is who asked, when logged in.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=16)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    typed_sealed = models.BinaryField()
    language = models.CharField(max_length=12)
    created_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"request {self.id}"


class LinkPurpose(enum.StrEnum):
    ACTIVATION = "activation"
    INVITATION = "invitation"
    PASSWORD_RESET = "password-reset"  # noqa: S105  # a name
    EMAIL_CHANGE = "email-change"
    EMAIL_UNDO = "email-undo"
    RECOVERY_CANCEL = "recovery-cancel"


class MailLink(models.Model):
    """A link that was mailed. Only a keyed hash of its secret is kept; it counts once, and for one purpose.

    `bound` is a keyed hash of what must not have changed since: the password and the address.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=16)
    lookup = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    subject = models.ForeignKey(DataSubject, models.CASCADE, null=True, related_name="+")
    key = models.ForeignKey(Key, models.PROTECT, related_name="+")
    facts_sealed = models.BinaryField()
    bound = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"link {self.id}"


class PostedCode(models.Model):
    """A code that goes by post. Until the letter is made it is sealed here; after that only a keyed hash is left."""

    class Purpose(models.TextChoices):
        ACTIVATION = "activation"
        DEVICE = "device"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.ForeignKey(DataSubject, models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=10, choices=Purpose)
    lookup = models.CharField(max_length=64, unique=True)
    code_sealed = models.BinaryField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    printed_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(printed_at=None), name="letters_to_be_made"
            ),
        ]

    def __str__(self) -> str:
        return f"posted code {self.id}"


class Invitation(models.Model):
    """An employee who is asked to make a login. `user` is the login that is made new by it, if there was one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.ForeignKey(Key, models.PROTECT, related_name="+")
    email_sealed = models.BinaryField()
    role = models.CharField(max_length=8, choices=Role)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    approved_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)  # None: another administrator has to agree first
    ended_at = models.DateTimeField(null=True)  # accepted, or taken back

    def __str__(self) -> str:
        return f"invitation {self.id}"


class RecoveryCase(models.Model):
    """Somebody who lost everything, whom two people help. No copy of a proof is kept, only what kind it was."""

    class Evidence(models.TextChoices):
        DESK = "desk"
        VIDEO = "video"
        IN_PERSON = "in-person"  # an employee, by colleagues who know the face

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    evidence = models.CharField(max_length=12, choices=Evidence)
    opened_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    opened_at = models.DateTimeField()
    approved_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    waits_until = models.DateTimeField(null=True, db_index=True)
    cancelled_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(cancelled_at=None, done_at=None),
                name="one_open_recovery_per_account",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=models.F("opened_by")),
                name="a_recovery_takes_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"recovery {self.id}"
