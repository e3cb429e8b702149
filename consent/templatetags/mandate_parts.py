"""Mandates in words."""

from django import template

from consent import mandate_words
from consent.queries.mandates import MandateLine

register = template.Library()


@register.filter
def may(line: MandateLine) -> list[str]:
    """Return what the representative may do, in words."""
    return [str(mandate_words.PERMISSIONS[it]) for it in line.permissions]


@register.filter
def mandate_kind(line: MandateLine) -> str:
    return str(mandate_words.KINDS[line.kind])


@register.filter
def mandate_state(line: MandateLine) -> str:
    return str(mandate_words.STATES[line.state])


@register.filter
def evidence(line: MandateLine) -> str:
    return str(mandate_words.EVIDENCES.get(line.evidence, ""))
