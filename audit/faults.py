"""One thing that is wrong with the log, and where it lies. Pure: no Django, no database."""

from dataclasses import dataclass

from audit.canonical import Json

_BY_INDEX = "index "


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a column of a row of a table.

    `row` says how the row is known, such as "index 3" or "id 7"; `column` is empty when it is about
    the row as a whole, and `table` when it is about no table at all.
    """

    what: str
    table: str = ""
    row: str = ""
    column: str = ""

    @property
    def index(self) -> int | None:
        """Return the place in the log, for a row that has one."""
        is_numbered = self.row.startswith(_BY_INDEX)
        return int(self.row.removeprefix(_BY_INDEX)) if is_numbered else None

    @property
    def sentence(self) -> str:
        column = f"column {self.column}" if self.column else ""
        place = ", ".join(filter(None, (f"Table {self.table}", self.row, column)))
        return f"{place}: {self.what}" if self.table else self.what

    def to_json(self) -> dict[str, Json]:
        return {
            "table": self.table or None,
            "index": self.index,
            "row": self.row or None,
            "column": self.column or None,
            "what": self.what,
            "sentence": self.sentence,
        }
