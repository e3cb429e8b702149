"""Every write about people and systems. Each is one transaction, with its line in the log where it has one."""

from accounts.operations.clients import (
    issue_client_key,
    put_client,
    put_client_key,
    put_recipient,
)
from accounts.operations.desk import close_customer, log_look_at_desk, open_customer
from accounts.operations.enrolment import (
    Enrolment,
    confirm_app,
    confirm_recovery_codes,
    enrol,
    make_recovery_codes,
    start_app,
)
from accounts.operations.erasure import erase_person
from accounts.operations.housekeeping import forget_expired
from accounts.operations.mandate_events import log_look_for_another
from accounts.operations.mandates import (
    accept_mandate,
    end_legal_mandate,
    end_mandate,
    give_mandate,
    record_legal_mandate,
    start_acting,
)
from accounts.operations.notices import notify
from accounts.operations.passkeys import (
    Question,
    add_passkey,
    ask_for_new_passkey,
    ask_for_passkey,
    check_passkey,
    lacks_passkey,
    must_have_passkey,
    remove_passkey,
    rename_passkey,
)
from accounts.operations.people import add_customer, create_user, register_data_subject
from accounts.operations.sessions import (
    confirm_identity,
    end_other_sessions,
    end_sessions,
    log_out_elsewhere,
    make_room,
)
from accounts.operations.sign_in import check_code, check_password, record_sign_in

__all__ = [
    "Enrolment",
    "Question",
    "accept_mandate",
    "add_customer",
    "add_passkey",
    "ask_for_new_passkey",
    "ask_for_passkey",
    "check_code",
    "check_passkey",
    "check_password",
    "close_customer",
    "confirm_app",
    "confirm_identity",
    "confirm_recovery_codes",
    "create_user",
    "end_legal_mandate",
    "end_mandate",
    "end_other_sessions",
    "end_sessions",
    "enrol",
    "erase_person",
    "forget_expired",
    "give_mandate",
    "issue_client_key",
    "lacks_passkey",
    "log_look_at_desk",
    "log_look_for_another",
    "log_out_elsewhere",
    "make_recovery_codes",
    "make_room",
    "must_have_passkey",
    "notify",
    "open_customer",
    "put_client",
    "put_client_key",
    "put_recipient",
    "record_legal_mandate",
    "record_sign_in",
    "register_data_subject",
    "remove_passkey",
    "rename_passkey",
    "start_acting",
    "start_app",
]
