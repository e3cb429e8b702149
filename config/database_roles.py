"""Who may do what to which table on PostgreSQL, for `manage.py grant_roles`.

The owner of the tables migrates, and nobody else. The program runs as a role that is a member of
some of those below: the web of `regie_app`, the worker of that and of the roles that number, sign and
erase; one process that does everything, of all of them. What no role here may do, only the owner can;
and the triggers stop the owner too, until they are lifted.
"""

from collections.abc import Iterable, Iterator

APP = "regie_app"
INTEGRATOR = "regie_integrator"
PUBLISHER = "regie_publisher"
ERASER = "regie_eraser"
READER = "regie_reader"
ROLES = (APP, INTEGRATOR, PUBLISHER, ERASER, READER)

Grants = dict[str, str]  # role, and its privileges

_SEE = "SELECT"
_ADD = "SELECT, INSERT"
_KEEP = "SELECT, INSERT, UPDATE"
_WORK = "SELECT, INSERT, UPDATE, DELETE"
_MOVE_THE_HEAD = "SELECT, UPDATE (size, root, frontier, integrated_at)"
_EMPTY_A_PART = "UPDATE (subject_part, purpose, data_category, recipient, outcome)"
_CHANGE_A_KEY = (
    _KEEP  # of the whole row, for the table is locked while keys are wrapped again; triggers look
)

_LOG: dict[str, Grants] = {
    "audit_logentry": {APP: _ADD, INTEGRATOR: _SEE, PUBLISHER: _SEE, ERASER: _ADD},
    "audit_payload": {APP: _ADD, ERASER: f"{_ADD}, DELETE, {_EMPTY_A_PART}"},
    "audit_pendingentry": {APP: _ADD, INTEGRATOR: f"{_ADD}, DELETE", ERASER: _ADD},
    "audit_key": {APP: _ADD, ERASER: _CHANGE_A_KEY},
    "audit_erasure": {APP: _SEE, ERASER: _ADD},
    "audit_leaf": {APP: _SEE, INTEGRATOR: _ADD, PUBLISHER: _SEE, ERASER: _SEE},
    "audit_tile": {APP: _SEE, INTEGRATOR: _ADD, PUBLISHER: _SEE},
    "audit_loghead": {APP: _SEE, INTEGRATOR: _MOVE_THE_HEAD, PUBLISHER: _SEE},
    "audit_checkpoint": {APP: _SEE, PUBLISHER: _ADD},
    "audit_cosignature": {APP: _SEE, PUBLISHER: _ADD},
    "audit_witnessrefusal": {APP: _SEE, PUBLISHER: _ADD},
    "audit_logkey": {APP: _SEE, PUBLISHER: _SEE},
    "audit_verificationrun": {APP: _ADD},
}
_ONLY_ADDED = ("consent_consentrecord", "consent_noticeversion")
_NEVER_REMOVED = ("accounts_datasubject", "accounts_serviceclient")
_ORDINARY = (
    *("accounts_clientallowance", "accounts_clientkey", "accounts_notice", "accounts_passkey"),
    *("accounts_recipient", "accounts_recoverycode"),
    *("accounts_recoverydevice", "accounts_throttlecounter", "accounts_totpdevice"),
    *("accounts_usedassertion", "accounts_user", "accounts_usersession"),
    *("accounts_deskopening", "accounts_mandate"),
    "django_otp_webauthn_webauthnuserhandle",
    *("consent_currentconsent", "consent_datacategory", "consent_dataitem"),
    *("consent_dismissedquestion", "consent_helditem", "consent_job", "consent_message"),
    *(
        "consent_organisation",
        "consent_processing",
        "consent_purpose",
        "consent_purposecategory",
        "consent_source",
    ),
)
_OF_DJANGO = (
    *("auth_group", "auth_group_permissions", "auth_permission"),
    *("django_content_type", "django_migrations"),
)
# Tables of a package that stay empty: our passkeys are in a table of ours. Removing a login looks here.
_EMPTY = ("django_otp_webauthn_webauthnattestation", "django_otp_webauthn_webauthncredential")
# Every table there is. One that is missing here is for nobody, and fails a test.
GRANTS: dict[str, Grants] = {
    **{table: grants | {READER: _SEE} for table, grants in _LOG.items()},
    **{table: {APP: _ADD} for table in _ONLY_ADDED},
    **{table: {APP: _KEEP} for table in _NEVER_REMOVED},
    **{table: {APP: _WORK} for table in _ORDINARY},
    **{table: {APP: _SEE} for table in (*_OF_DJANGO, *_EMPTY)},
}

_MAKE_ROLE = """DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$"""


def undecided(tables: Iterable[str]) -> list[str]:
    """Return the tables about which nothing was decided."""
    return sorted(set(tables) - set(GRANTS))


def statements() -> Iterator[str]:
    """Yield the SQL that makes the roles and gives each exactly what stands here; running it again changes nothing."""
    everyone = ", ".join(ROLES)
    for role in ROLES:
        yield _MAKE_ROLE.format(role=role)
    for table, grants in GRANTS.items():
        yield f"REVOKE ALL ON TABLE {table} FROM PUBLIC, {everyone}"
        for role, privileges in grants.items():
            yield f"GRANT {privileges} ON TABLE {table} TO {role}"
