"""Alternative: Connect during onboarding; docstrings quote the help page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from sqlalchemy import select

from hub.store.models import EventType
from tests.support.people import Host, consent
from tests.support.world import World


def test_all_steps(ada: Host, world: World) -> None:
    """The five steps lead to a public link that can be booked, and can be left and resumed at any of them."""
    ada.opens("/onboarding")
    assert ada.reads("How do people find you?")
    ada.sends("/onboarding/1", name="Ada King", handle="ada-king", timezone="Europe/London", do="next")
    assert ada.reads("When can you be booked?")
    ada.sends("/onboarding/2", days=["0", "2"], start="10:00", end="12:00", do="next")
    ada.opens("/onboarding")
    assert ada.reads("What can people book?")
    ada.sends("/onboarding/3", title="First talk", minutes="45", do="next")
    assert ada.reads("Meeting Location")
    ada.sends(
        "/onboarding/4", location="inperson", **{"inperson-mode": "host_place", "inperson-address": "Café"}, do="next"
    )
    assert "http://localhost/ada-king/first-talk" in ada.page
    ada.sends("/onboarding/5", do="next")
    assert world.host().hours == {"0": [[600, 720]], "2": [[600, 720]]}
    ada.opens("/ada-king/first-talk")
    assert ada.reads("45 min")
    assert ada.browser.get("/onboarding").location == "/event-types"


def goes_to_zoom(host: Host, **typed: str) -> str:
    """Press Connect Zoom at step 4, with whatever was typed, and return Zoom's address."""
    answer = host.sends("/onboarding/4", follow=False, connect="zoom", **typed)
    assert answer.status_code == 307
    sent = host.sends(answer.location, follow=False, connect="zoom", **typed)
    assert sent.status_code == 302
    return str(sent.location)


def test_connect_at_step_four(ada: Host, world: World) -> None:
    """During the onboarding flow, at the Meeting Location step (step 4), select Zoom. Click the Connect Zoom button
    that appears. You'll be returned to the onboarding step with Zoom connected."""
    ada.opens("/onboarding/4")
    assert ada.reads("Connect Zoom")
    returned = consent(goes_to_zoom(ada), user="ada@example.com", decision="allow")
    ada.opens(urlsplit(returned)._replace(scheme="", netloc="").geturl())
    assert ada.reads("Meeting Location")
    assert ada.reads("Connected")
    assert ada.reads("ada@example.com")


def test_declined_at_step_four(ada: Host, world: World) -> None:
    """Who declines is back on step 4 with the true state, and can go on."""
    ada.opens("/onboarding/4")
    typed = {"inperson-mode": "host_place", "inperson-address": "Café Central"}
    returned = consent(goes_to_zoom(ada, **typed), user="ada@example.com", decision="deny")
    ada.opens(urlsplit(returned)._replace(scheme="", netloc="").geturl())
    assert ada.reads("Connect Zoom")
    assert ada.reads("was not connected")
    assert "Café Central" in ada.page
    assert re.search(r'value="zoom" checked', ada.page)
    ada.sends("/onboarding/4", do="skip")
    assert ada.reads("Almost there")


def test_bad_input(ada: Host, world: World) -> None:
    """Each step says what is wrong and keeps what was typed."""
    ada.opens("/onboarding/1")
    assert ada.sends("/onboarding/1", name="", handle="admin", timezone="Mars/X", do="next").status_code == 422
    for sentence in ("Please fill in your name.", "is taken", "Please choose a time zone"):
        assert ada.reads(sentence)
    assert ada.sends("/onboarding/2", days=["0"], start="12:00", end="10:00", do="next").status_code == 422
    assert ada.sends("/onboarding/2", start="10:00", end="12:00", do="next").status_code == 422
    assert ada.sends("/onboarding/3", title="", minutes="x", do="next").status_code == 422
    assert ada.sends("/onboarding/4", do="next").status_code == 422
    assert (
        ada.sends("/onboarding/4", location="inperson", **{"inperson-mode": "host_place"}, do="next").status_code == 422
    )
    ada.opens("/onboarding/9", 404)


def test_sent_twice(ada: Host, world: World) -> None:
    """The location step sent again, or by a host who had finished, makes no second event type."""
    ada.opens("/onboarding/4")
    given = {"location": "inperson", "inperson-mode": "host_place", "inperson-address": "Café", "do": "next"}
    for _ in range(2):
        ada.sends("/onboarding/4", **given)
    ada.sends("/onboarding/5", do="next")
    ada.sends("/onboarding/4", **given)
    with world.hub.store.read() as session:
        assert len(session.scalars(select(EventType)).all()) == 1
