"""Which tables of this app only ever grow: consent records and notice versions."""

from audit.triggers import Guard, Trigger, insert_only

TABLES = {
    "consent_consentrecord": (("id",), ("reference",)),
    "consent_noticeversion": (("id",), ("purpose_id", "number")),
}


def wanted(vendor: str) -> list[Trigger]:
    """Return the triggers by which the database refuses to change or delete a row."""
    return [
        trigger
        for table, identities in TABLES.items()
        for trigger in insert_only(vendor=vendor, table=table, identities=identities)
    ]


GUARD = Guard(migration=("consent", "0002_records_insert_only"), wanted=wanted)
