"""Ask witnesses to sign the newest head, and keep what they answer. Never inside a transaction: they may be slow."""

import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.db.models import Max

from audit import checkpoint, cosignature, integration, logkeys, witnessed
from audit.models import Checkpoint, Cosignature, WitnessRefusal
from audit.policy import PolicyWitness
from audit.tree import StoredTree
from audit.witness.rules import SIZE, Question
from audit.witness_client import Reply, UnreachableError, ask

logger = logging.getLogger(__name__)

_AT_ONCE = 8
_AGAIN = 2  # a witness may first say where it is; then it is asked once more
_LARGEST_SIZE = 2**63 - 1  # of a log, and of what a database keeps
_SIZE = re.compile("[0-9]{1,19}")
_REFUSED = (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)

Asked = Mapping[PolicyWitness, int]  # each witness, and the size that it signed last


def ask_witnesses(*, at: datetime, send: Callable[[str, bytes], Reply] = ask) -> int:
    """Ask each witness of the policy that did not sign the newest head; return how many signed it now.

    One that is down is asked again next time. One that knows another history is not: that is a fault
    which stays until a person looks at it.

    Raises:
        LogBrokenError: a tile that a proof needs is missing.
    """
    with transaction.atomic(durable=True):
        newest = Checkpoint.objects.order_by("-size").first()
        asked = _to_ask(newest)
    count = 0
    for _ in range(_AGAIN):
        if newest is None or not asked:
            break
        replies = _sent(newest, asked, send)
        again: dict[PolicyWitness, int] = {}
        for one, reply in replies.items():
            if reply.status == HTTPStatus.OK:
                count += _keep(newest, one, reply, at=at)
            elif reply.status in _REFUSED:
                again |= _refused(newest, one, reply, sent=asked[one], at=at)
            else:
                _tell(one, f"it answered {reply.status}")
        asked = again
    return count


def _to_ask(newest: Checkpoint | None) -> dict[PolicyWitness, int]:
    known = {one.verifier.to_vkey(): one for one in witnessed.policy().witnesses if one.url}
    if newest is None or not known or not integration.rights()[1]:
        return {}
    signed = dict(
        Cosignature.objects.filter(witness__in=known, checkpoint_id__gte=logkeys.first_size())
        .values_list("witness")
        .annotate(Max("checkpoint_id"))
    )
    refused = set(witnessed.refusals().values_list("witness", flat=True))
    return {
        one: signed.get(vkey, 0)
        for vkey, one in known.items()
        if vkey not in refused and signed.get(vkey) != newest.size
    }


def _sent(
    newest: Checkpoint, asked: Asked, send: Callable[[str, bytes], Reply]
) -> dict[PolicyWitness, Reply]:
    """Ask all at the same time; return the answers of those that gave one."""
    tree = StoredTree(newest.size)
    bodies = {
        one: Question(
            old=old,
            proof=tuple(tree.consistency_proof(old)) if old else (),
            note=newest.note,
        ).to_bytes()
        for one, old in asked.items()
    }
    replies: dict[PolicyWitness, Reply] = {}
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
        pending = {one: threads.submit(send, one.url, body) for one, body in bodies.items()}
        for one, reply in pending.items():
            try:
                replies[one] = reply.result()
            except UnreachableError as error:
                _tell(one, f"no answer: {error}")
    return replies


def _keep(newest: Checkpoint, one: PolicyWitness, reply: Reply, *, at: datetime) -> int:
    head, _ = checkpoint.parse_note(newest.note)
    try:
        signatures = checkpoint.parse_signatures(reply.text)
        found = cosignature.cosignatures(head=head, signatures=signatures, witnesses=[one.verifier])
    except checkpoint.CheckpointError as error:
        _tell(one, str(error))
        return 0
    vkey = one.verifier.to_vkey()
    with transaction.atomic():
        integration.wait_until_alone()
        is_kept = Cosignature.objects.filter(checkpoint=newest, witness=vkey).exists()
        for made in [] if is_kept else found:
            Cosignature.objects.create(
                checkpoint=newest, witness=vkey, line=made.line, at=made.at, received_at=at
            )
    return len(found)


def _refused(
    newest: Checkpoint, one: PolicyWitness, reply: Reply, *, sent: int, at: datetime
) -> dict[PolicyWitness, int]:
    """Return with which size to ask it again; keep the refusal when it knows another history."""
    known = _known_size(reply)
    if reply.status == HTTPStatus.CONFLICT and known is None:
        _tell(one, "it answered 409 without a size")
        return {}
    if known is not None and known != sent and known <= newest.size:
        return {one: known}
    with transaction.atomic():
        integration.wait_until_alone()
        signed = Checkpoint.objects.order_by("-size").values_list("size", flat=True)[0]
        is_ahead = known is not None and newest.size < known <= signed  # another process was first
        if not is_ahead:
            WitnessRefusal.objects.get_or_create(
                checkpoint=newest,
                witness=one.verifier.to_vkey(),
                defaults={"status": reply.status, "known_size": known, "at": at},
            )
            logger.error("%s", witnessed.fault())
    return {}


def _known_size(reply: Reply) -> int | None:
    text = reply.text.removesuffix("\n")
    is_size = reply.kind == SIZE and _SIZE.fullmatch(text)
    return int(text) if is_size and int(text) <= _LARGEST_SIZE else None


def _tell(one: PolicyWitness, what: str) -> None:
    logger.warning("The witness %s did not sign: %s.", one.name, what)
