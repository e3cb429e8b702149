"""Every write about people and systems, in one place to look for."""

from accounts.registration import (
    create_user,
    put_client,
    put_client_key,
    put_recipient,
    register_data_subject,
)

__all__ = [
    "create_user",
    "put_client",
    "put_client_key",
    "put_recipient",
    "register_data_subject",
]
