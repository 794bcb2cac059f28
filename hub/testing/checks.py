"""Assertions about what providers hand to the core."""

from __future__ import annotations

import json
import re

from hub.facts import Field
from hub.values import Meeting


def check_fields(fields: tuple[Field, ...]) -> None:
    """Assert that a page can show these fields."""
    names = [field.name for field in fields]
    assert len(set(names)) == len(names)
    for position, field in enumerate(fields):
        assert isinstance(field, Field)
        assert re.fullmatch(r"[a-z][a-z0-9_]*", field.name)
        assert field.label.strip()
        assert (field.kind == "choice") == bool(field.choices)
        assert len({choice.value for choice in field.choices}) == len(field.choices)
        if field.when:
            name, value = field.when
            before = {earlier.name: [c.value for c in earlier.choices] for earlier in fields[:position]}
            assert value in before.get(name, []), f"{field.name} waits for what no earlier field offers"


def check_meeting(meeting: Meeting) -> None:
    """Assert that mails and pages can show this meeting, and that it survives being stored."""
    assert Meeting.from_json(json.loads(json.dumps(meeting.to_json()))) == meeting
    assert meeting.where == meeting.where.strip()
    assert "\n" not in meeting.where
    assert all(number.number for number in meeting.dial_in)
    assert all(number.tap.startswith("tel:") for number in meeting.dial_in if number.tap)
    assert all(isinstance(text, str) for text in meeting.data.values())
