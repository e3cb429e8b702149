"""The triggers of who signs: cosignatures and refusals are only added; a key of the log begins once, and ends once."""

from audit.trigger_sql import (
    Identities,
    Trigger,
    insert_only,
    postgresql_refusal,
    sqlite_refusal,
    sqlite_replace_guard,
)

_ONLY_ADDED: dict[str, Identities] = {
    "audit_cosignature": (("id",), ("checkpoint_id", "witness")),
    "audit_witnessrefusal": (("id",), ("checkpoint_id", "witness")),
}
_KEYS = "audit_logkey"
_IDENTITIES: Identities = (("id",), ("vkey",), ("entry_id",))
_KEPT = ("id", "vkey", "entry_id")
# A key that was told begins at some size; one that signs ends at some size. Neither is taken back.
_OTHERWISE_THAN_A_KEY_CHANGES = (
    "NOT ({kept} AND OLD.to_size IS NULL AND NEW.from_size IS NOT NULL AND"
    " ((OLD.from_size IS NULL AND NEW.to_size IS NULL)"
    " OR (OLD.from_size IS NOT NULL AND OLD.from_size = NEW.from_size AND NEW.to_size IS NOT NULL)))"
)


def wanted(vendor: str) -> list[Trigger]:
    """Return every trigger that this kind of database must have for those who sign."""
    only_added = [
        trigger
        for table, identities in _ONLY_ADDED.items()
        for trigger in insert_only(vendor=vendor, table=table, identities=identities)
    ]
    return [*only_added, *(_sqlite() if vendor == "sqlite" else _postgresql())]


def _condition(same: str) -> str:
    kept = " AND ".join(f"OLD.{column} {same} NEW.{column}" for column in _KEPT)
    return _OTHERWISE_THAN_A_KEY_CHANGES.format(kept=kept)


def _sqlite() -> list[Trigger]:
    return [
        sqlite_refusal(table=_KEYS, event="UPDATE", condition=_condition("IS")),
        sqlite_refusal(table=_KEYS, event="DELETE"),
        sqlite_replace_guard(table=_KEYS, identities=_IDENTITIES),
    ]


def _postgresql() -> list[Trigger]:
    return [
        postgresql_refusal(
            table=_KEYS, event="UPDATE", condition=_condition("IS NOT DISTINCT FROM")
        ),
        postgresql_refusal(table=_KEYS, event="DELETE"),
        postgresql_refusal(table=_KEYS, event="TRUNCATE"),
    ]
