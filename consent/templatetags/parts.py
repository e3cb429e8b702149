"""Small parts that every page may use: icons, moments and numbers as people say them."""

from datetime import date, datetime

from django import template
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

register = template.Library()


@register.inclusion_tag("components/icon.html")
def icon(name: str, *, small: bool = False, css: str = "") -> dict[str, str]:
    """Draw one of our own icons. It is decoration: the words stand beside it."""
    return {"n": name, "cls": " ".join(part for part in ("icon--sm" if small else "", css) if part)}


@register.filter
def day(moment: datetime | date) -> str:
    """Say a day: "23 november 2026"."""
    local = timezone.localtime(moment) if isinstance(moment, datetime) else moment
    return formats.date_format(local, pgettext("format of a day", "j F Y"))


@register.filter
def clock(moment: datetime) -> str:
    """Say a time of the day: "14.12 uur"."""
    return formats.date_format(timezone.localtime(moment), pgettext("format of a time", "H:i"))


@register.filter
def moment(value: datetime) -> str:
    """Say a day and a time: "23 november 2026 om 14.12 uur"."""
    return _("%(day)s at %(time)s") % {"day": day(value), "time": clock(value)}


@register.filter
def short_moment(value: datetime) -> str:
    """Say a day and a time in a table: "23 nov 2026 14.12.05"."""
    return formats.date_format(
        timezone.localtime(value), pgettext("format of a moment in a table", "j M Y H:i:s")
    )


@register.filter
def number(value: int) -> str:
    """Write a number with the separators of the reader's language: "48.213"."""
    return formats.number_format(value, force_grouping=True)


@register.filter
def grouped(digest: str) -> str:
    """Write a long hexadecimal number in groups of four, so that eyes can compare it."""
    return " ".join(digest[start : start + 4] for start in range(0, len(digest), 4))
