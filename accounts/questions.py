"""Between the question to a device and its answer: what was asked, in the session, for one step only."""

import enum
from datetime import datetime

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest

from accounts.operations.passkeys import Question

_NAME = "passkey_question"


class Step(enum.StrEnum):
    """What the answer is for. An answer for one step is none for another."""

    LOG_IN = "log in"  # with a passkey and nothing else
    SECOND_FACTOR = "second factor"
    ENROL = "enrol"
    ADD = "add"
    STEP_UP = "step up"


def keep(request: HttpRequest, question: Question, *, step: Step) -> None:
    """Remember what was asked; what was asked before is forgotten."""
    request.session[_NAME] = {
        "step": step,
        "challenge": question.challenge,
        "asked_at": question.asked_at.isoformat(),
    }


def take(request: HttpRequest, *, step: Step) -> Question | None:
    """Return what was asked for this step, and forget it before anything is done with the answer.

    Raises:
        SessionInterrupted: another request ended this session.
    """
    kept = request.session.pop(_NAME, None)
    if kept is None:
        return None
    try:
        request.session.save()
    except UpdateError as error:
        raise SessionInterrupted("The session was ended while a passkey was used.") from error
    if kept["step"] != step:
        return None
    return Question(challenge=kept["challenge"], asked_at=datetime.fromisoformat(kept["asked_at"]))
