"""The lines per day as bars: where each part of the drawing lies. The template draws it, the style sheet paints it."""

from dataclasses import dataclass

from django.utils import formats
from django.utils.translation import pgettext

from consent.queries.log_days import LogDay, LogDays
from consent.templatetags.parts import number

WIDTH, HEIGHT = 660, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 20, 26, 26  # around the bars: numbers, nothing, a value, days
_BAR = 0.66  # of the room for a day; the rest is air
_LINES, _NUMBERS, _DATES = 5, 16, 8  # at most: days as numbers, and with their month


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle, in numbers as SVG writes them, whatever the language."""

    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    x: str
    y: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    grid: tuple[Label, ...]  # a line at this height, and its number
    days: tuple[Label, ...]
    bars: tuple[Box, ...]
    refused: tuple[Box, ...]  # on top of the bars
    peak: Label | None  # how many lines the busiest day has
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    floor: int = HEIGHT - _BOTTOM


def chart_of(days: LogDays) -> Chart:
    """Return the drawing. Without a line there are no bars, only the days."""
    most = days.busiest.total
    step = step_of(most)
    top = step * max(1, -(-most // step))
    bars, refused = [], []
    for place, day in enumerate(days.days):
        no = (day.refused or 0) if days.refused is not None else 0
        bars += [_box(days, place, top, since=0, until=day.total - no)] if day.total > no else []
        refused += [_box(days, place, top, since=day.total - no, until=day.total)] if no else []
    return Chart(
        grid=tuple(
            Label(x=_said(_LEFT - 8), y=_said(_height(value, top)), text=number(value))
            for value in range(0, top + 1, step)
        ),
        days=_labels(days),
        bars=tuple(bars),
        refused=tuple(refused),
        peak=_peak(days, top) if most else None,
    )


def step_of(most: int) -> int:
    """Return a round number by which a scale up to `most` has five lines at most."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * _LINES >= most:
                return step
        size *= 10


def _box(days: LogDays, place: int, top: int, *, since: int, until: int) -> Box:
    wide = _room(days) * _BAR
    high, low = _height(until, top), _height(since, top)
    left = _middle(days, place) - wide / 2
    return Box(x=_said(left), y=_said(high), width=_said(wide), height=_said(low - high))


def _labels(days: LogDays) -> tuple[Label, ...]:
    """Name every day, or of many days every so many, the last one always."""
    count = len(days.days)
    every = 1 if count <= _NUMBERS else -(-count // _DATES)
    return tuple(
        Label(
            x=_said(_middle(days, place)), y=_said(HEIGHT - 7), text=_day(day, is_short=every == 1)
        )
        for place, day in enumerate(days.days)
        if (count - 1 - place) % every == 0
    )


def _day(day: LogDay, *, is_short: bool) -> str:
    if is_short:
        return str(day.day.day)
    return formats.date_format(day.day, pgettext("format of a day in a chart", "j M"))


def _peak(days: LogDays, top: int) -> Label:
    place = days.days.index(days.busiest)
    at = _height(days.busiest.total, top) - 7
    return Label(x=_said(_middle(days, place)), y=_said(at), text=number(days.busiest.total))


def _room(days: LogDays) -> float:
    return (WIDTH - _LEFT - _RIGHT) / len(days.days)


def _middle(days: LogDays, place: int) -> float:
    return _LEFT + _room(days) * (place + 0.5)


def _height(value: int, top: int) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / top


def _said(value: float) -> str:
    return f"{value:.1f}"
