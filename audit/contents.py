"""The kinds of export of the log, what each proves, and the names of their files. Pure."""

import enum
from collections.abc import Mapping


class Contents(enum.StrEnum):
    COMPLETE = "complete"  # every leaf of the log, and what the selected ones say
    SELECTION = "selection"  # the selected entries, each with its proof
    TABLE = "table"  # the selected entries, for a spreadsheet


# The file that grows with every chunk.
ROWS_IN: Mapping[Contents, str] = {
    Contents.COMPLETE: "openings.ndjson",
    Contents.SELECTION: "selection.jsonl",
    Contents.TABLE: "table.csv",
}
MANIFEST = "manifest.json"
PROVES: Mapping[Contents, str] = {
    Contents.COMPLETE: "Genuine and complete: every entry of the log up to the signed head is here, unchanged and in "
    "its place, and what is opened is what was recorded.",
    Contents.SELECTION: "Genuine only: every entry that is here is in the log, unchanged. It does not prove that no "
    "other entry was left out.",
    Contents.TABLE: "Nothing about single lines: only that the file is the one that the log's organisation made. "
    "Whoever doubts a line looks up its index in a complete export.",
}
