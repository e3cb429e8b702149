"""The shipped catalogue, and ways to change one thing in it."""

from pathlib import Path

from consent.catalogue import Catalogue, CatalogueError, Fault, parse_catalogue, read_catalogue

ROOT = Path(__file__).resolve().parents[2]
VECHTWATER_PATH = ROOT / "consent" / "catalogues" / "vechtwater.yaml"
VECHTWATER = read_catalogue(VECHTWATER_PATH)


def text_with(old: str, new: str, *, count: int = 1) -> str:
    """Return the shipped file with the first `count` of `old` replaced by `new`."""
    text = VECHTWATER_PATH.read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new, count)


def with_change(old: str, new: str, *, count: int = 1) -> Catalogue:
    return parse_catalogue(text_with(old, new, count=count), file="vechtwater.yaml")


def faults_of(text: str) -> tuple[Fault, ...]:
    """Return the faults of a file; none when it is right."""
    try:
        parse_catalogue(text, file="test.yaml")
    except CatalogueError as error:
        return error.faults
    return ()
