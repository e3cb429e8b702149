"""A notice without a transaction would tell of what may yet be undone."""

import pytest
from django.db import transaction

from accounts.notice_kinds import NoticeKind
from accounts.operations import notify
from tests.factories import NOW


def test_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        notify(user=None, kind=NoticeKind.PASSWORD_CHANGED, at=NOW)
