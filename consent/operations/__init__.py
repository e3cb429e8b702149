"""Every write. Each is one transaction: the change of state and its line in the log, or neither."""

from consent.operations.access import decide_access
from consent.operations.choices import dismiss_question, record_choices
from consent.operations.tag_key import take_tag_key

__all__ = ["decide_access", "dismiss_question", "record_choices", "take_tag_key"]
