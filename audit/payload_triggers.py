"""What the database allows with a payload: to add one, and to take away what nobody can read any more."""

from audit.trigger_sql import (
    REFUSE,
    Identities,
    Trigger,
    postgresql_refusal,
    postgresql_trigger,
    sqlite_refusal,
    sqlite_replace_guard,
    sqlite_trigger,
)

_TABLE = "audit_payload"
# A payload may go when nobody can read it any more: every key that sealed it was destroyed.
_STILL_READABLE = (
    "EXISTS (SELECT 1 FROM audit_key WHERE destroyed_at IS NULL"
    " AND id IN (OLD.subject_key_id, OLD.organisation_key_id))"
)
_SEALED_BY_DESTROYED = (
    "EXISTS (SELECT 1 FROM audit_key WHERE destroyed_at IS NOT NULL"
    " AND id IN (NEW.subject_key_id, NEW.organisation_key_id))"
)
# The part for a data subject may be emptied, with its codes, once its key was destroyed.
_OTHERWISE_THAN_AN_ERASURE = (
    "NOT ({kept} AND NEW.subject_part IS NULL AND NEW.purpose = '' AND NEW.data_category = ''"
    " AND NEW.recipient = '' AND NEW.outcome = '' AND EXISTS (SELECT 1 FROM audit_key"
    " WHERE id = OLD.subject_key_id AND destroyed_at IS NOT NULL))"
)
_KEPT = ("entry_id", "subject_key_id", "organisation_key_id", "organisation_part")


def of_sqlite(identities: Identities) -> list[Trigger]:
    kept = " AND ".join(f"OLD.{column} IS NEW.{column}" for column in (*_KEPT, "rowid"))
    changes = _OTHERWISE_THAN_AN_ERASURE.format(kept=kept)
    return [
        sqlite_trigger(
            table=_TABLE,
            name="audit_payload_refuses_destroyed_keys",
            event="BEFORE INSERT",
            condition=_SEALED_BY_DESTROYED,
            body="SELECT RAISE(ABORT, 'this key was destroyed');",
        ),
        sqlite_replace_guard(table=_TABLE, identities=identities),
        sqlite_refusal(table=_TABLE, event="UPDATE", condition=changes),
        sqlite_refusal(table=_TABLE, event="DELETE", condition=_STILL_READABLE),
    ]


def of_postgresql() -> list[Trigger]:
    return [
        postgresql_trigger(
            table=_TABLE,
            name="audit_payload_refuses_destroyed_keys",
            event="BEFORE INSERT",
            function="audit_refuse_destroyed_keys",
        ),
        postgresql_refusal(table=_TABLE, event="UPDATE", function="audit_refuse_unerased"),
        postgresql_refusal(table=_TABLE, event="DELETE", function="audit_refuse_readable"),
        postgresql_refusal(table=_TABLE, event="TRUNCATE"),
    ]


_OF_POSTGRESQL = _OTHERWISE_THAN_AN_ERASURE.format(
    kept=" AND ".join(f"OLD.{column} IS NOT DISTINCT FROM NEW.{column}" for column in _KEPT)
)
FUNCTIONS = (
    f"""CREATE OR REPLACE FUNCTION audit_refuse_readable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF {_STILL_READABLE} THEN {REFUSE} END IF; RETURN OLD; END $$""",
    f"""CREATE OR REPLACE FUNCTION audit_refuse_unerased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF {_OF_POSTGRESQL} THEN {REFUSE} END IF; RETURN NEW; END $$""",
    # Whoever destroys a key holds its row: wait for that, and look afterwards. To lock a row takes the
    # right to change it, which whoever adds an entry need not have.
    f"""CREATE OR REPLACE FUNCTION audit_refuse_destroyed_keys() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER AS $$
BEGIN PERFORM 1 FROM audit_key
WHERE id IN (NEW.subject_key_id, NEW.organisation_key_id) FOR KEY SHARE;
IF {_SEALED_BY_DESTROYED} THEN
RAISE EXCEPTION 'this key was destroyed' USING ERRCODE = '23000';
END IF; RETURN NEW; END $$""",
)
FUNCTION_NAMES = ("audit_refuse_readable", "audit_refuse_unerased", "audit_refuse_destroyed_keys")
