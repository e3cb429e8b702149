"""Where the parts of a log lie below its address (C2SP tlog-tiles): names of tiles and of bundles of entries. Pure."""

import re
from dataclasses import dataclass

WIDTH = 256
HIGHEST_LEVEL = 63
# At most 2**63 entries: seven groups are enough.
_NAME = re.compile(r"((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One tile or bundle: the `number`-th of its level, of which the first `width` hashes or entries are there."""

    number: int
    width: int = WIDTH

    @property
    def name(self) -> str:
        """Return the end of its address, such as `x001/x234/067` or `000.p/17`."""
        digits = f"{self.number:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
        name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        return name if self.width == WIDTH else f"{name}.p/{self.width}"

    @property
    def first(self) -> int:
        """Return the index of its first hash or entry, within its level."""
        return self.number * WIDTH


def parse(name: str) -> Part | None:
    """Read the end of an address; None when it is none, or is spelled in another way than `Part.name`."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    digits, width = found.groups()
    part = Part(
        number=int(digits.replace("x", "").replace("/", "")),
        width=int(width) if width else WIDTH,
    )
    return part if part.name == name and part.width <= WIDTH else None


def parts_of(count: int) -> list[Part]:
    """Return the parts that hold `count` hashes or entries: full ones, and one that is not full yet."""
    full, rest = divmod(count, WIDTH)
    parts = [Part(number=number, width=WIDTH) for number in range(full)]
    return [*parts, Part(number=full, width=rest)] if rest else parts
