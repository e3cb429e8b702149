"""What witnesses said of the log: up to where, who, and whether one of them knows another history."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from django.conf import settings
from django.db.models import QuerySet

from audit import cosignature, logkeys
from audit.models import Checkpoint, Cosignature, WitnessRefusal
from audit.policy import NOBODY, Policy

_LOOKED_AT = 1000  # cosignatures, the newest; with few witnesses these are many heads
_MOST_WITNESSES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessState:
    """Up to where the log is witnessed as the policy asks. Without a policy there is nothing to say.

    `size` is None as long as no head has the quorum. With the quorum `none` any witness will do.
    """

    is_asked: bool
    size: int | None
    at: datetime | None
    names: tuple[str, ...]
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    size: int
    made_at: datetime
    note: str


def policy() -> Policy:
    found: Policy = settings.LOG_POLICY
    return found


def policy_text() -> str:
    """Return the policy with every key of this log, for whoever checks a proof or an export.

    Raises:
        KeyFileError: the key of the log is gone.
    """
    return policy().to_text(logs=[one.verifier for one in logkeys.known().ranges])


def newest() -> SignedHead | None:
    """Return the newest head with what witnesses signed under it; None when nothing was signed yet."""
    lines = list(
        Checkpoint.objects.order_by("-size", "cosignatures__id").values_list(
            "size", "made_at", "note", "cosignatures__line"
        )[:_MOST_WITNESSES]
    )
    if not lines:
        return None
    size, made_at, note, _ = lines[0]
    under = "".join(line for of, _, _, line in lines if of == size and line)
    return SignedHead(size=size, made_at=made_at, note=note + under)


def note_of(signed: Checkpoint) -> str:
    """Return a signed head with what witnesses signed under it."""
    found = Cosignature.objects.filter(checkpoint=signed).order_by("id")
    return signed.note + "".join(found.values_list("line", flat=True)[:_MOST_WITNESSES])


def policy_for(note: str) -> str:
    """Return the policy for whoever checks this head later: with the quorum of the log when that signed it, else none.

    Raises:
        KeyFileError: the key of the log is gone.
    """
    asked, logs = policy(), [one.verifier for one in logkeys.known().ranges]
    if asked.witnessed(note).is_met:
        return asked.to_text(logs=logs)
    why = f"# When this was exported, the quorum of the log ({asked.quorum}) had not signed its head yet.\n"
    return why + replace(asked, quorum=NOBODY).to_text(logs=logs)


def state() -> WitnessState:
    size, at, names = _witnessed(policy())
    return WitnessState(
        is_asked=bool(policy().witnesses), size=size, at=at, names=names, fault=fault()
    )


def fault() -> str:
    """Return that a witness of the policy knows another history of this log; empty when none does."""
    known = {one.verifier.to_vkey(): one.name for one in policy().witnesses}
    first = refusals().filter(witness__in=known).order_by("id").first() if known else None
    if first is None:
        return ""
    knows = "" if first.known_size is None else f" It signed a head of {first.known_size} entries."
    return (
        f"The witness {known[first.witness]} refused the signed head of {first.checkpoint_id} entries: it knows "
        f"another history of this log (answer {first.status}).{knows}"
    )


def refusals() -> "QuerySet[WitnessRefusal]":
    """Return the refusals since the log has its name: what was before an incident was told then."""
    return WitnessRefusal.objects.filter(checkpoint_id__gte=logkeys.first_size())


def _witnessed(policy: Policy) -> tuple[int | None, datetime | None, tuple[str, ...]]:
    names = {one.verifier.to_vkey(): one.name for one in policy.witnesses}
    rows = Cosignature.objects.filter(witness__in=names).order_by("-checkpoint_id", "at", "id")
    for size, group in groupby(rows[:_LOOKED_AT], key=lambda row: row.checkpoint_id):
        signed: Sequence[Cosignature] = list(group)
        if policy.is_met([cosignature.parse_vkey(row.witness) for row in signed]):
            return size, signed[-1].at, tuple(names[row.witness] for row in signed)
    return None, None, ()
