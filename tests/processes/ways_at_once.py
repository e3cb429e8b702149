"""One link, one code and one approval, used by several at the same moment, with real commits. Prints what came of it as JSON."""

import json
import os
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts import operations  # noqa: E402
from accounts.models import (  # noqa: E402
    LinkPurpose,
    MailLink,
    Notice,
    PostedCode,
    RecoveryCase,
    RequestKind,
    Role,
    User,
)
from accounts.operations.activation import LINK_LASTS, finish_activation  # noqa: E402
from accounts.operations.device_letters import use_device_code  # noqa: E402
from accounts.operations.links import link_of, make_link  # noqa: E402
from accounts.operations.posted_codes import post_code, take_to_print  # noqa: E402
from accounts.operations.recovery_cases import approve_case, finish_cases, open_case  # noqa: E402
from accounts.operations.requests import answer_requests, ask  # noqa: E402
from tests.processes.at_once import TOGETHER, together  # noqa: E402

PASSWORD = "correct horse battery"


def times(act: Callable[[], Any]) -> dict[str, int]:
    return together([lambda: str(act())] * TOGETHER)


def activate() -> dict[str, int]:
    """Open the link of one activation six times."""
    at = timezone.now()
    subject = operations.register_data_subject(reference="VW-7", name="Dora", user=None, at=at)
    with transaction.atomic():
        post_code(subject=subject, purpose=PostedCode.Purpose.ACTIVATION, at=at)
        facts = {
            "email": "dora@voorbeeld.example",
            "password": make_password(PASSWORD),
            "language": "nl",
            "code": str(PostedCode.objects.get(subject=subject).pk),
        }
        token = make_link(
            purpose=LinkPurpose.ACTIVATION, subject=subject, facts=facts, lasts=LINK_LASTS, at=at
        )

    def act() -> bool:
        link = link_of(purpose=LinkPurpose.ACTIVATION, token=token, at=at)
        return link is not None and finish_activation(link=link, at=at)

    return times(act)


def use_letter(user: User) -> dict[str, int]:
    """Type the code of one letter six times."""
    at = timezone.now()
    with transaction.atomic():
        post_code(subject=user.data_subject, purpose=PostedCode.Purpose.DEVICE, at=at)
        posted = PostedCode.objects.select_related("subject__key").get(subject__user=user)
        code = take_to_print(posted, at=at) or ""

    def act() -> str:
        use_device_code(user=user, typed=code, address="192.0.2.1", at=at)
        return "right"

    return times(act)


def answer_one_request(user: User) -> dict[str, Any]:
    """Let six workers answer one question."""
    at = timezone.now()
    before = MailLink.objects.count()
    ask(
        kind=RequestKind.EMAIL_CHANGE,
        typed="nieuw@voorbeeld.example",
        address="192.0.2.1",
        language="nl",
        at=at,
        user=user,
    )
    times(lambda: answer_requests(at=at))
    return {"links": MailLink.objects.count() - before}


def recover(user: User) -> dict[str, Any]:
    """Open, approve and finish one case, each six times."""
    at = timezone.now()
    helpers = [
        operations.create_user(
            email=f"{name}@vechtwater.example", password=PASSWORD, role=Role.OFFICER, at=at
        )
        for name in ("ada", "bob")
    ]
    opened = times(
        lambda: bool(
            open_case(user=user, evidence=RecoveryCase.Evidence.DESK, by=helpers[0], at=at)
        )
    )
    case = RecoveryCase.objects.get()
    approved = times(lambda: approve_case(case_id=case.pk, by=helpers[1], at=at))
    case.refresh_from_db()
    over = case.waits_until
    assert over is not None
    finished = times(lambda: finish_cases(at=over))
    return {"opened": opened, "approved": approved, "finished": finished}


def main() -> dict[str, Any]:
    at = timezone.now()
    user = operations.create_user(
        email="anna@voorbeeld.example", password=PASSWORD, role=Role.CUSTOMER, at=at
    )
    operations.register_data_subject(reference="VW-1", name="Anna", user=user, at=at)
    found = {
        "activated": activate(),
        "letter": use_letter(user),
        "request": answer_one_request(user),
        "recovery": recover(user),
    }
    return {**found, "notices": Notice.objects.filter(kind="activated").count()}


if __name__ == "__main__":
    print(json.dumps(main()))  # noqa: T201
