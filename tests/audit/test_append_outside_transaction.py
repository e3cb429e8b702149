import pytest
from django.db.transaction import TransactionManagementError

from audit import operations
from tests.audit.builders import an_event


def test_appending_outside_a_transaction_is_refused_before_any_query() -> None:
    with pytest.raises(TransactionManagementError, match="in the transaction that it describes"):
        operations.append(an_event())
