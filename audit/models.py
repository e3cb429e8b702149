"""The log and its key ring. Rows of the log are only ever added; `audit/triggers.py` makes the database refuse the rest.

No foreign key leads from here to a table of another app: the log outlives what it is about.
"""

import uuid

from django.db import models
from django.db.models import Q


class Key(models.Model):
    """A data key, wrapped by the master key. Destroying it erases all that it sealed (GDPR art. 17)."""

    class Kind(models.TextChoices):
        OWNER = "owner"
        MONTH = "month"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=5, choices=Kind)
    owner_id = models.UUIDField(null=True)
    month = models.CharField(max_length=7, default="", blank=True)
    master_key_id = models.CharField(max_length=16)
    wrapped = models.BinaryField(null=True)
    created_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner_id"],
                condition=Q(destroyed_at=None, kind="owner"),
                name="one_living_key_per_owner",
            ),
            models.UniqueConstraint(
                fields=["month"], condition=Q(kind="month"), name="one_key_per_month"
            ),
        ]
        indexes = [models.Index(fields=["owner_id"], name="key_by_owner")]

    def __str__(self) -> str:
        return f"{self.kind} key {self.id}"


class LogEntry(models.Model):
    """One event, staged in the transaction that it describes. `leaf` holds the exact bytes that are hashed.

    `kind`, `at` and `actor` repeat what the leaf says, for queries; the verifier compares them.
    """

    uid = models.UUIDField(unique=True)
    leaf = models.BinaryField()
    kind = models.CharField(max_length=64)
    at = models.DateTimeField()
    actor = models.CharField(max_length=16)

    class Meta:
        indexes = [
            models.Index(fields=["kind", "-id"], name="log_entry_by_kind"),
            models.Index(fields=["at"], name="log_entry_by_time"),
            models.Index(fields=["kind", "at"], name="log_entry_by_kind_and_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"


class Payload(models.Model):
    """What a leaf commits to, sealed in two compartments, with the codes an officer may filter on.

    Deleted only when its key is destroyed. The codes are a convenience: they are checked against the opened payload.
    """

    entry = models.OneToOneField(LogEntry, models.PROTECT, primary_key=True, related_name="payload")
    subject_key = models.ForeignKey(Key, models.PROTECT, null=True, related_name="+")
    subject_part = models.BinaryField(null=True)
    organisation_key = models.ForeignKey(Key, models.PROTECT, related_name="+")
    organisation_part = models.BinaryField()
    purpose = models.CharField(max_length=64, default="", blank=True)
    data_category = models.CharField(max_length=64, default="", blank=True)
    recipient = models.CharField(max_length=64, default="", blank=True)
    outcome = models.CharField(max_length=16, default="", blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject_key", "-entry"], name="payload_by_subject"),
            models.Index(fields=["purpose", "-entry"], name="payload_by_purpose"),
            models.Index(fields=["recipient", "-entry"], name="payload_by_recipient"),
            models.Index(fields=["outcome", "-entry"], name="payload_by_outcome"),
        ]

    def __str__(self) -> str:
        return f"payload of {self.entry_id}"


class Erasure(models.Model):
    """The destruction of one key, and the entry of the log that tells of it.

    The entry says all of this as well, sealed under the key of its month; this row still tells when
    that one is destroyed in its turn. `entries` is how many entries lost a part with the key;
    `request` names what asked for it, such as the number of a case, and never a person.
    """

    key = models.OneToOneField(Key, models.PROTECT, primary_key=True, related_name="erasure")
    kind = models.CharField(max_length=5, choices=Key.Kind)
    at = models.DateTimeField()
    entry = models.OneToOneField(
        LogEntry, models.PROTECT, to_field="uid", db_column="entry_uid", related_name="erasure"
    )
    request = models.CharField(max_length=64, null=True)  # noqa: DJ001  # older rows say nothing
    entries = models.PositiveBigIntegerField(null=True)

    def __str__(self) -> str:
        return f"erasure of {self.kind} key {self.key_id}"


class PendingEntry(models.Model):
    """An entry that has no index yet. A database trigger adds the row with the entry; the integrator removes it."""

    entry = models.OneToOneField(LogEntry, models.PROTECT, primary_key=True, related_name="pending")

    def __str__(self) -> str:
        return f"pending {self.entry_id}"


class Leaf(models.Model):
    """The place of an entry in the log, and its RFC 6962 leaf hash."""

    index = models.PositiveBigIntegerField(primary_key=True)
    entry = models.OneToOneField(LogEntry, models.PROTECT, related_name="place")
    hash = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"leaf {self.index}"


class Tile(models.Model):
    """256 hashes of one level of the tree (C2SP tlog-tiles), and the hash over them. Only full tiles are kept."""

    level = models.PositiveSmallIntegerField()
    number = models.PositiveBigIntegerField()
    data = models.BinaryField(max_length=8192)
    root = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["level", "number"], name="a_tile_is_made_once"),
        ]

    def __str__(self) -> str:
        return f"tile {self.level}/{self.number}"


class LogHead(models.Model):
    """How far the log is integrated: one row, derived, rebuildable from the leaves."""

    size = models.PositiveBigIntegerField(default=0)
    root = models.BinaryField(max_length=32)
    frontier = models.BinaryField(default=bytes)
    integrated_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"log of {self.size}"


class Checkpoint(models.Model):
    """A signed head of the log (C2SP tlog-checkpoint)."""

    size = models.PositiveBigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"checkpoint {self.size}"


class Cosignature(models.Model):
    """That a witness signed a head too: its key (C2SP vkey), its line under the note, and when it says that was."""

    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="cosignatures")
    witness = models.TextField()
    line = models.TextField()
    at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["checkpoint", "witness"], name="a_witness_signs_a_head_once"
            ),
        ]

    def __str__(self) -> str:
        return f"cosignature under checkpoint {self.checkpoint_id}"


class WitnessRefusal(models.Model):
    """That a witness would not sign a head because it knows another history of this log."""

    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="+")
    witness = models.TextField()
    status = models.PositiveSmallIntegerField()
    known_size = models.PositiveBigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["checkpoint", "witness"], name="a_witness_refuses_a_head_once"
            ),
        ]

    def __str__(self) -> str:
        return f"refusal of checkpoint {self.checkpoint_id}"


class LogKey(models.Model):
    """A key that signs heads (C2SP vkey), and the sizes of the log for which it counts. The private half is in a file.

    The first one counts from 0 and has no entry; each next one is told by an entry: that the one before it signed, or
    that says after which incident the log went on under another name. Without `from_size` it was told and does not sign yet; without `to_size` it still does.
    """

    vkey = models.TextField(unique=True)
    from_size = models.PositiveBigIntegerField(null=True)
    to_size = models.PositiveBigIntegerField(null=True)
    entry = models.OneToOneField(LogEntry, models.PROTECT, null=True, related_name="log_key")

    def __str__(self) -> str:
        return f"log key from {self.from_size} to {self.to_size}"


class VerificationRun(models.Model):
    """One recomputation of the log: how much was counted and what, if anything, was found.

    `since` is the size of the signed head that was trusted; 0 when the whole log was recomputed.
    """

    since = models.PositiveBigIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    counted = models.PositiveBigIntegerField()
    faults = models.PositiveBigIntegerField(default=0)
    first_fault = models.TextField(default="", blank=True)
    root = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"verification of {self.counted}"

    @property
    def is_sound(self) -> bool:
        return self.faults == 0
