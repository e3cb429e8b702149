"""Parts of the pages of the privacy office."""

from django import template

from audit.health import Check
from consent.officer import wording
from consent.queries.values import LogLine

register = template.Library()


@register.inclusion_tag("components/outcome.html")
def outcome_pill(line: LogLine) -> dict[str, str]:
    icon, text = wording.outcome(line.outcome, kind_code=line.kind)
    return {"icon_name": icon, "text": text}


@register.filter
def who(line: LogLine) -> str:
    """Return who did it: a recipient by name, else the role."""
    return line.who or wording.actor(line.actor)


@register.filter
def kind(code: str) -> str:
    return wording.kind(code)


@register.filter
def tell_of_damage(alarms: list[Check]) -> bool:
    return any(check.is_damage for check in alarms)


@register.filter
def alarm(check: Check) -> str:
    return wording.alarm(name=check.name, state=check.state)


@register.filter
def reason(code: str) -> str:
    return wording.reason(code)
