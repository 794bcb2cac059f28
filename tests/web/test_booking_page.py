"""The public pages: what an invitee sees, types and gets back."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from hub.store.models import EventType
from tests.support.people import Host, Person
from tests.support.world import World

PAGE = "/ada-lovelace/intro-call"
SLOT, OTHER = "20261202T090000Z", "20261202T093000Z"


@pytest.fixture(name="ada")
def _ada(app: Flask, world: World) -> Host:
    return Host(app, world)


@pytest.fixture(name="offered")
def _offered(ada: Host) -> EventType:
    return ada.offers("zoom", "phone", "inperson")


@pytest.fixture(name="bob")
def _bob(app: Flask) -> Person:
    return Person(app)


def form(page: str, offered: EventType, place: str = "inperson", **changes: str) -> dict[str, str]:
    """Return a filled-in form of the page."""
    nonce = re.search(r'name="nonce" value="([^"]+)"', page)
    assert nonce
    row = next(row for row in offered.locations if row.provider == place)
    fields = {"nonce": nonce[1], "slot": SLOT, "location": str(row.id), "name": "Bob", "email": "bob@example.net"}
    return {**fields, "notes": "", "tz": "Europe/London", **changes}


def test_days_and_times(offered: EventType, bob: Person) -> None:
    """The first bookable day is chosen; its times are links that keep everything in the address."""
    page = bob.opens(f"{PAGE}?tz=Europe/London")
    assert bob.reads("November 2026")
    assert bob.reads("Intro call")
    assert "slot=20261130T0800" in page
    assert bob.reads("Café Central, Wien") is False  # the label stands on the left, the place in its own radio card
    bob.opens(f"{PAGE}?month=2026-12&date=2026-12-02&tz=Asia/Kathmandu")
    assert bob.reads("December 2026")
    assert bob.reads("13:45")  # 09:00 in Vienna


def test_an_empty_month_leads_on(ada: Host, offered: EventType, bob: Person) -> None:
    """A month without free times says so and leads to the next that has some."""
    bob.opens(f"{PAGE}?month=2027-06")
    assert bob.reads("No free times")
    bob.opens(f"{PAGE}?date=2026-12-05&tz=Europe/Vienna")
    assert bob.reads("The next are on")


def test_books(offered: EventType, bob: Person, world: World) -> None:
    """A filled-in form books, and leads to the page of the booking."""
    page = bob.opens(f"{PAGE}?slot={SLOT}&tz=Europe/London")
    assert bob.reads("Wed 2 Dec 2026, 09:00–09:30 Europe/London, GMT")
    answer = bob.sends(PAGE, follow=False, **form(page, offered))
    assert answer.status_code == 303
    bob.opens(answer.location)
    assert bob.reads("You are booked")
    assert world.booking().invitee_timezone == "Europe/London"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Please fill in your name."),
        ({"email": ""}, "Please fill in an email address."),
        ({"email": "a@"}, "This does not look like an email address"),
        ({"email": "a@example.com, b@example.com"}, "Please give one email address only."),
        ({"email": f"{'a' * 250}@example.com"}, "does not look like an email"),
        ({"location": ""}, "Please choose one of the places offered."),
        ({"location": "999"}, "Please choose one of the places offered."),
        ({"notes": "x" * 5001}, "Please use at most 5000 characters"),
        ({"slot": "2026-12-02T09:00"}, "Please choose a time."),
        ({"slot": "99991231T235900Z"}, "Please choose a time."),
        ({"slot": "20261202T090001Z"}, "This time can't be booked."),
        ({"slot": "20261202T030000Z"}, "This time can't be booked."),
        ({"slot": "20251202T090000Z"}, "This time can't be booked."),
    ],
)
def test_bad_input_gets_a_sentence(
    offered: EventType, bob: Person, world: World, changes: dict[str, str], sentence: str
) -> None:
    """Whatever is wrong is said in a sentence, and nothing typed is lost or half-made."""
    page = bob.opens(f"{PAGE}?slot={SLOT}&tz=Europe/London")
    given = form(page, offered, name="Bob the Invitee", notes="My notes") | changes
    answer = bob.sends(PAGE, **given)
    assert answer.status_code in (409, 422)
    assert bob.reads(sentence), bob.page
    if "name" not in changes:
        assert "Bob the Invitee" in bob.page
    if "notes" not in changes:
        assert "My notes" in bob.page
    assert world.booking() is None


def test_number_is_asked_where_it_is_needed(offered: EventType, bob: Person, world: World) -> None:
    """A place asks only its own inputs: a number for a call, in any usual spelling; none for another place."""
    page = bob.opens(f"{PAGE}?slot={SLOT}&tz=Europe/London")
    row = next(row for row in offered.locations if row.provider == "phone")
    for typed in ("", "123", "abc", "+1 (415) 555-0100;ext=9", "1" * 40, "sip:a@b", "٠١٢٣٤٥٦٧"):
        given = form(page, offered, "phone") | {f"loc{row.id}-phone": typed}
        assert bob.sends(PAGE, **given).status_code == 422, typed
    given = form(page, offered, "phone") | {f"loc{row.id}-phone": "020 7946 0100"}
    assert bob.sends(PAGE, follow=False, **given).status_code == 303
    assert world.booking().answers == {"phone": "+442079460100"}
    other = form(page, offered, "inperson", slot=OTHER, nonce="n" * 20) | {f"loc{row.id}-phone": "+431234567"}
    assert bob.sends(PAGE, follow=False, **other).status_code == 303
    assert world.booking().answers == {}


def test_taken_meanwhile(offered: EventType, bob: Person, app: Flask) -> None:
    """Who is too late keeps everything typed and is offered the nearest free times, by a button that keeps it too."""
    eve = Person(app)
    page = eve.opens(f"{PAGE}?slot={SLOT}&tz=Europe/London")
    given = form(page, offered, name="Eve", email="eve@example.net", notes="Keep me")
    bob.sends(PAGE, **form(bob.opens(f"{PAGE}?slot={SLOT}"), offered))
    answer = eve.sends(PAGE, **given)
    assert answer.status_code == 409
    assert eve.reads("This time has just been taken. What you typed is kept.")
    free = re.findall(r'name="slot_choice" value="([^"]+)"', eve.page)
    assert OTHER in free
    assert SLOT not in free
    assert eve.sends(PAGE, **given, slot_choice=OTHER).status_code == 422
    assert "Keep me" in eve.page
    assert f'name="slot" value="{OTHER}"' in eve.page


def test_sent_twice(offered: EventType, bob: Person, world: World) -> None:
    """A double click gives one booking; the same form with other details is refused without telling any."""
    page = bob.opens(f"{PAGE}?slot={SLOT}&tz=Europe/London")
    given = form(page, offered)
    first, second = (bob.sends(PAGE, follow=False, **given).location for _ in range(2))
    assert first == second
    answer = bob.sends(PAGE, **given | {"slot": OTHER, "name": "Mallory"})
    assert answer.status_code == 409
    assert "bob@example.net" not in answer.get_data(as_text=True)
    assert world.booking().id == 1


def test_nothing_happens_on_get(offered: EventType, bob: Person, world: World) -> None:
    """An address with all fields in it books nothing; other methods are refused."""
    page = bob.opens(f"{PAGE}?slot={SLOT}")
    bob.browser.get(PAGE, query_string=form(page, offered))
    assert world.booking() is None
    assert bob.browser.put(PAGE).status_code in (403, 405)


def test_without_token(offered: EventType, bob: Person, world: World) -> None:
    """A form of another site books nothing."""
    page = bob.opens(f"{PAGE}?slot={SLOT}")
    assert bob.browser.post(PAGE, data=form(page, offered)).status_code == 400
    crossed = {**form(page, offered), "csrf_token": re.search(r'csrf_token" value="([^"]+)', page)[1]}  # type: ignore[index]
    assert bob.browser.post(PAGE, data=crossed, headers={"Origin": "https://evil.example"}).status_code == 403
    assert world.booking() is None


def test_limits(offered: EventType, bob: Person, app: Flask, world: World) -> None:
    """The sixth booking within an hour by one person waits, in words."""
    for n in range(6):
        page = bob.opens(f"{PAGE}?slot={SLOT}")
        slot = f"2026120{3 + n % 2}T{9 + n // 2:02}0000Z"
        answer = bob.sends(PAGE, follow=False, **form(page, offered, slot=slot))
        assert answer.status_code == (303 if n < 5 else 429)
    assert "Please wait" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "path", ["/ada-lovelace/nothing", "/nobody/intro-call", "/nobody", "/ada-lovelace/intro%00call"]
)
def test_not_found(offered: EventType, bob: Person, path: str) -> None:
    """What is unknown answers like what is inactive."""
    bob.opens(path, 404)


def test_inactive_is_unknown(ada: Host, bob: Person) -> None:
    """An event type that is switched off can't be told from one that never was."""
    ada.offers("inperson", active=False)
    off = bob.opens(PAGE, 404)
    never = bob.opens("/ada-lovelace/never", 404)
    assert [
        line for line in off.splitlines() if "code" not in line and "never" not in line and "intro" not in line
    ] == [line for line in never.splitlines() if "code" not in line and "never" not in line and "intro" not in line]


def test_strangers_text_is_text(offered: EventType, bob: Person, world: World) -> None:
    """HTML, links and line breaks in what an invitee types stay plain text, on the page and in the host's mail."""
    page = bob.opens(f"{PAGE}?slot={SLOT}")
    name, notes = "Free gift https://evil.example\r\nBcc: x@y.z", "<script>alert(1)</script>\n{{7*7}} www.evil.example"
    answer = bob.sends(PAGE, follow=False, **form(page, offered, name=name, notes=notes))
    assert answer.status_code == 303
    world.work()
    assert "<script>alert" not in bob.opens(answer.location)
    (mail,) = world.mails("ada@example.com")
    html, text = (mail.get_body((kind,)).get_content() for kind in ("html", "plain"))  # type: ignore[union-attr]
    assert "<script>" not in html
    assert "{{7*7}}" in text
    assert "https://evil.example" not in html + text + mail["Subject"]
    assert "www.evil" not in html + text
    assert mail["Bcc"] is None
    assert "written by the invitee" in text


def test_place_hidden_until_booked(ada: Host, bob: Person, world: World) -> None:
    """An address that the host hides is not on the page, and comes with the booking."""
    offered = ada.offers("inperson")
    with world.hub.store.write() as session:
        row = session.merge(offered.locations[0])
        row.show_before = False
    page = bob.opens(f"{PAGE}?slot={SLOT}&tz=Europe/London")
    assert "Café Central" not in page
    assert "Café Central" not in bob.opens("/ada-lovelace")
    answer = bob.sends(PAGE, follow=False, **form(page, offered))
    world.work()
    bob.opens(answer.location)
    assert bob.reads("Café Central, Wien")


def test_few_statements(ada: Host, bob: Person, world: World) -> None:
    """The page of times needs few statements, the same number with one place as with many."""
    from sqlalchemy import event

    counted: list[str] = []
    event.listen(world.hub.store.engine, "before_cursor_execute", lambda *a: counted.append(a[2]))
    numbers = []
    for count in (1, 6):
        ada.offers(*["inperson"] * count, title=f"Talk {count}")
        counted.clear()
        bob.opens(f"/ada-lovelace/talk-{count}")
        numbers.append(len([sql for sql in counted if sql.startswith("SELECT")]))
    assert numbers[0] == numbers[1] <= 4, counted


def test_signed_in_host_sees_the_page(ada: Host, offered: EventType) -> None:
    """A host who is signed in opens the public pages like anybody else."""
    ada.opens(PAGE)
    ada.opens(f"{PAGE}?slot={SLOT}")
    ada.opens("/ada-lovelace")
    assert ada.reads("Intro call")
