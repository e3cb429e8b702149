"""How many lines of the log there are per day, for the chart."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class LogDay:
    """How many lines there are of one day. `refused` is None where that was not counted."""

    day: date
    total: int
    refused: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogDays:
    """The lines per day, the oldest day first. `is_cut`: earlier days were asked for than were counted."""

    days: tuple[LogDay, ...]
    is_cut: bool

    @property
    def total(self) -> int:
        return sum(day.total for day in self.days)

    @property
    def refused(self) -> int | None:
        """Return how many lines say no; None when that is not known of every day."""
        counted = [day.refused for day in self.days if day.refused is not None]
        return sum(counted) if len(counted) == len(self.days) else None

    @property
    def busiest(self) -> LogDay:
        """Return the day with the most lines; of several, the first."""
        return max(self.days, key=lambda day: day.total)
