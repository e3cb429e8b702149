"""Which tables of this app only ever grow: consent records and notice versions."""

from audit.trigger_sql import Identities
from audit.triggers import Guard, Trigger, insert_only

_RECORDS = "consent_consentrecord"
_AT_FIRST: dict[str, Identities] = {
    _RECORDS: (("id",), ("reference",)),
    "consent_noticeversion": (("id",), ("purpose_id", "number")),
}
TABLES: dict[str, Identities] = {
    **_AT_FIRST,
    _RECORDS: (("id",), ("reference",), ("entry_uid",)),
}


def wanted(vendor: str) -> list[Trigger]:
    """Return the triggers by which the database refuses to change or delete a row."""
    return _each(vendor, TABLES)


def wanted_at_first(vendor: str) -> list[Trigger]:
    """Return the same from before a record named its line in the log."""
    return _each(vendor, _AT_FIRST)


def _each(vendor: str, tables: dict[str, Identities]) -> list[Trigger]:
    return [
        trigger
        for table, identities in tables.items()
        for trigger in insert_only(vendor=vendor, table=table, identities=identities)
    ]


GUARD = Guard(migration=("consent", "0005_record_names_its_line"), wanted=wanted)
