"""What plugins read vendors' answers with: rubbish of any kind reads as empty, or is said to be missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import (
    Answer,
    ConnectionLost,
    DialIn,
    LocationProvider,
    Meeting,
    PluginFault,
    Reply,
    Temporary,
    Unusable,
    utc_text,
)
from hub.providers import Registry
from tests.unit.test_providers import FACTS, OAUTH, REQUEST, plugin

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=8,
)


def test_what_is_there_is_read() -> None:
    """Texts, lists of texts, and objects within are read by name; of several names the first that says something."""
    answer = Reply(200, {}, {"a": " x ", "b": ["p", "", 3, "q"], "c": {"d": "y"}, "e": [{"d": "z"}, 1]}, "").answer
    assert (answer.text("none", "a"), answer.texts("b"), answer.part("c").text("d")) == ("x", ("p", "q"), "y")
    assert [row.text("d") for row in answer.parts("e")] == ["z"]
    assert answer.need_text("a") == "x"
    assert [row.text("d") for row in answer.need_parts("e")] == ["z"]


@given(JSON)
def test_anything_can_be_read(data: Any) -> None:
    """Whatever a vendor sends, reading it breaks nothing."""
    answer = Answer(data)
    assert isinstance(answer.text("a", "b"), str)
    assert all(isinstance(text, str) for text in answer.texts("a"))
    assert all(isinstance(row.part("b").text("a"), str) for row in answer.parts("a"))


@pytest.mark.parametrize("data", [None, [], "text", {}, {"id": None}, {"id": ""}, {"id": "  "}, {"id": 5}, {"id": {}}])
def test_what_is_missing_is_said(data: Any) -> None:
    """A text that is needed and missing leaves open what the call did; a list that is missing is not an empty one."""
    with pytest.raises(Temporary, match="id") as caught:
        Answer(data).need_text("id")
    assert not caught.value.outcome_known
    with pytest.raises(Temporary, match="id"):
        Answer(data).need_parts("id")


@pytest.mark.parametrize(
    ("shown", "code", "then", "tap"),
    [
        ("+1 (646) 555-0100", "926 7439 2836", "", "tel:+16465550100,,92674392836#"),
        ("+1 646 555 0100", "123", ",,,,*77#", "tel:+16465550100,,123#,,,,*77#"),
        ("+1 646 555 0100", "", "", "tel:+16465550100"),
        ("+1 646 555 0100", "12a", "", "tel:+16465550100"),
        ("+1 646 555 0100", "12;x=1", ",,*7#", "tel:+16465550100"),
        ("5550100", "٣", "", "tel:5550100"),
    ],
)
def test_number_that_is_tapped(shown: str, code: str, then: str, tap: str) -> None:
    """A tap dials and types the code; a code of anything else than digits is not typed."""
    number = DialIn.of(shown, code=code, then=then, label="Toll")
    assert number == DialIn(number=shown, label="Toll", tap=tap)


@pytest.mark.parametrize("shown", ["", "none", "123", "n/a 12"])
def test_no_number(shown: str) -> None:
    """What has hardly a digit is no number."""
    assert DialIn.of(shown, code="123") is None


def test_each_number_once() -> None:
    """What is no number and what comes twice is left out, and no more are kept than a meeting may have."""
    first, again = DialIn.of("+1 646 555 0100", label="A"), DialIn.of("+1-646-555-0100", label="B")
    assert DialIn.distinct([None, first, again]) == (first,)
    many = DialIn.distinct(DialIn.of(f"+1646555{n:04}") for n in range(500))
    assert Meeting("Here", dial_in=many).dial_in == many


def test_time_as_apis_write_it() -> None:
    """A time is written in UTC, to the second; one without a zone is refused."""
    assert utc_text(datetime(2026, 12, 1, 10, 30, 15, 999, ZoneInfo("Europe/Vienna"))) == "2026-12-01T09:30:15Z"
    with pytest.raises(ValueError, match="zone"):
        utc_text(datetime(2026, 12, 1))


def test_id_in_a_path() -> None:
    """A vendor's id stays one segment of a path, whatever is in it."""
    assert Meeting("Here", external_id="a/../b?c=d").path_id == "a%2F..%2Fb%3Fc%3Dd"


def made(facts: LocationProvider) -> Any:
    found = Registry([("cafe", plugin(facts, create_meeting=lambda: Meeting("Here", join_url="javascript:x")), "1")])
    assert not found.broken
    return found.get("cafe")


def test_link_that_can_not_be_shown() -> None:
    """Of a provider with an API an unusable link is the vendor's answer and says nothing; else it is the plugin's fault."""
    with pytest.raises(Temporary, match="unusable: join_url") as caught:
        made(replace(FACTS, oauth=OAUTH)).create_meeting(REQUEST, object(), {})
    assert not caught.value.outcome_known
    assert isinstance(caught.value.__cause__, Unusable)
    with pytest.raises(PluginFault):
        made(FACTS).create_meeting(REQUEST, None, {})


def test_one_line_for_all() -> None:
    """A provider that says the same of every booking names it among its facts; without it the blurb is shown."""
    assert made(replace(FACTS, for_invitees="Come in")).describe_location(REQUEST.location, "Ada") == "Come in"
    assert made(FACTS).describe_location(REQUEST.location, "Ada") == FACTS.blurb
    assert Registry([("cafe", plugin(replace(FACTS, for_invitees="two\nlines")), "1")]).broken


def test_no_hook_is_called_without_a_connection() -> None:
    """A provider with OAuth never sees that there is no connection: the core says so before the hook is called."""
    provider = made(replace(FACTS, oauth=OAUTH))
    with pytest.raises(ConnectionLost, match="Cafe is not connected"):
        provider.create_meeting(REQUEST, None, {})
