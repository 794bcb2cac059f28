"""The public pages: what an invitee sees, types and gets back."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hub.store.models import EventType, LocationRow
from hub.store.models import Host as HostRow
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
    """Fault row 57: a double click gives one booking; the same form with other details is refused without telling any."""
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
    """Fault row 68: the sixth booking within an hour by one person waits, in words."""
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


def test_two_places_are_none(offered: EventType, bob: Person, world: World) -> None:
    """Row 35: two places in one form choose none of them."""
    page = bob.opens(f"{PAGE}?slot={SLOT}")
    both = [str(row.id) for row in offered.locations[:2]]
    assert bob.sends(PAGE, **form(page, offered) | {"location": both}).status_code == 422
    assert bob.reads("Please choose one of the places offered.")
    assert world.booking() is None


@pytest.mark.parametrize(("field", "value", "status"), [("nonce", "", 422), ("csrf_token", "stale", 400)])
def test_old_form_comes_back(
    offered: EventType, bob: Person, world: World, field: str, value: str, status: int
) -> None:
    """Row 40: a form that was open for days comes back with all that was typed, and can then be sent."""
    page = bob.opens(f"{PAGE}?slot={SLOT}&tz=Europe/London")
    typed = form(page, offered, name="Bob the Patient", notes="My notes")
    assert bob.sends(PAGE, **typed | {field: value}).status_code == status
    assert bob.reads("This page was open for a long time.")
    assert "Bob the Patient" in bob.page
    assert "My notes" in bob.page
    assert world.booking() is None
    fresh = form(bob.page, offered)
    assert bob.sends(PAGE, follow=False, **typed | {"nonce": fresh["nonce"]}).status_code == 303


def test_trap(offered: EventType, bob: Person, world: World) -> None:
    """Row 41: who fills in what people do not see is told to wait, keeps what was typed, and books nothing."""
    page = bob.opens(f"{PAGE}?slot={SLOT}")
    assert bob.sends(PAGE, **form(page, offered, name="Robot"), contact_again="yes").status_code == 429
    assert "Robot" in bob.page
    assert world.booking() is None


def test_limits_can_be_lifted(offered: EventType, bob: Person, app: Flask) -> None:
    """Row 41: the limits are the operator's; attempts from one address count even where nothing is booked."""
    app.config["BOOKING_LIMITS"] = ("3/hour", "5/hour")
    page = bob.opens(f"{PAGE}?slot={SLOT}")
    statuses = [bob.sends(PAGE, **form(page, offered, email="")).status_code for _ in range(4)]
    assert statuses == [422, 422, 422, 429]
    app.config["BOOKING_LIMITS"] = ("1000/hour", "1000/hour")
    assert bob.sends(PAGE, follow=False, **form(page, offered)).status_code == 303


def test_reserved_words_are_no_handles(offered: EventType, bob: Person) -> None:
    """The hub's own addresses are never taken for a host's: what is missing there is missing, what is POST stays so."""
    bob.opens("/settings/intro-call", 404)
    assert bob.browser.get("/logout").status_code == 405
    assert bob.browser.post("/static/intro-call").status_code in (404, 405)
    bob.opens("/Ada-Lovelace/Intro-Call")


def test_without_a_place(ada: Host, bob: Person) -> None:
    """An event type without a place says so in words a stranger understands, and cannot be booked."""
    ada.offers()
    bob.opens(PAGE)
    assert bob.reads("Ada has not said yet where to meet.")
    assert bob.sends(PAGE, slot=SLOT, name="Bob", email="b@example.net").status_code == 409


def hours(world: World, given: dict[str, list[list[int]]]) -> None:
    """Give the host other weekly hours."""
    with world.hub.store.write() as session:
        session.scalars(select(HostRow)).one().hours = given


def test_without_hours(ada: Host, bob: Person, world: World) -> None:
    """A host without hours has no times, and the page says whom to ask."""
    ada.offers("inperson")
    hours(world, {})
    bob.opens(PAGE)
    assert bob.reads("No times to book right now")
    assert bob.reads("Please ask Ada")
    bob.opens("/ada-lovelace")
    assert bob.reads("Intro call")


def test_provider_that_cannot_be_used_now(ada: Host, bob: Person) -> None:
    """Where none of the places works by itself the meeting can be booked all the same; the host sends the details."""
    ada.offers("zoom")
    bob.opens(f"{PAGE}?slot={SLOT}")
    assert bob.reads("Ada will send you the details of how to meet")
    assert 'value="1" checked' in bob.page  # the only place needs no choosing


@pytest.mark.parametrize(
    ("language", "label", "weekday"),
    [
        ("en-US,en;q=0.9", "9:00\u00a0am", "Su"),
        ("en-GB", "09:00", "Mo"),
        ("de-AT", "09:00", "Mo"),
        ("*, -, x", "09:00", "Mo"),
    ],
)
def test_clock_of_the_visitors_language(
    offered: EventType, bob: Person, language: str, label: str, weekday: str
) -> None:
    """Times are written as the visitor's language does, and the week begins on its first day."""
    answer = bob.browser.get(f"{PAGE}?date=2026-12-02&tz=Europe/London", headers={"Accept-Language": language})
    page = answer.get_data(as_text=True)
    assert f">{label}</a>" in page
    assert re.search(r'<th scope="col">(..)</th>', page)[1] == weekday  # type: ignore[index]


def test_zone_of_the_visitor(offered: EventType, bob: Person) -> None:
    """The zone comes from the address, else from the browser, else from the host; a city's name is enough."""
    bob.opens(PAGE)
    assert bob.reads("Europe/Vienna, 09:00 now")
    assert 'data-detect-zone="Europe/Vienna"' in bob.page
    bob.browser.set_cookie("tz", "Asia/Tokyo")
    bob.opens(PAGE)
    assert bob.reads("Asia/Tokyo, 17:00 now")
    bob.opens(f"{PAGE}?tz=new york&date=2026-12-02")
    assert bob.reads("America/New York, 03:00 now")
    assert "&amp;tz=America/New_York" in bob.page
    bob.opens(f"{PAGE}?tz=Atlantis")
    assert bob.reads("“Atlantis” is not a time zone that we know.")
    assert '<option value="Europe/Vienna">' in bob.page


def test_repeated_hour_is_told_apart(ada: Host, bob: Person, world: World) -> None:
    """Times that the visitor's clock shows twice carry the letters of their zone."""
    ada.offers("inperson", interval=60, horizon_days=365)
    hours(world, {str(day): [[0, 1440]] for day in range(7)})
    bob.opens(f"{PAGE}?date=2027-11-07&tz=America/New_York")
    assert bob.reads("01:00 EDT")
    assert bob.reads("01:00 EST")


def test_slot_in_an_address_that_is_gone(offered: EventType, bob: Person) -> None:
    """A shared link to a time that is not free any more says so and shows that day."""
    bob.opens(f"{PAGE}?slot=20261202T090001Z&tz=Europe/London")
    assert bob.reads("That time is not free any more. Please choose another.")
    assert bob.reads("Wed 2 Dec")


def test_only_the_picker_is_swapped(offered: EventType, bob: Person) -> None:
    """With script a click swaps the picker and its address; without, each choice is a plain link."""
    page = bob.opens(PAGE)
    assert 'id="picker"' in page
    assert 'hx-boost="true" hx-target="#picker" hx-select="#picker"' in page
    for url in re.findall(r'<a class="(?:day|slot)"[^>]* href="([^"]+)"', page):
        assert bob.browser.get(url.replace("&amp;", "&")).status_code == 200


class Labels(HTMLParser):
    """Collects the inputs of a page that have no label."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open, self.labelled, self.inputs = 0, set(re.findall(r'<label[^>]* for="([^"]+)"', page)), []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.open += tag == "label"
        typed = tag in ("input", "textarea", "select") and known.get("type") not in ("hidden", "submit")
        if typed and not (self.open or known.get("aria-label") or known.get("id") in self.labelled):
            self.inputs.append(self.get_starttag_text())

    def handle_endtag(self, tag: str) -> None:
        self.open -= tag == "label"


def unlabelled(page: str) -> list[str]:
    """Return the inputs of the page that nothing names."""
    return Labels(page).inputs


@pytest.mark.parametrize("query", ["", "?zones=1", "?date=2026-12-05", f"?slot={SLOT}"])
def test_every_input_has_a_label(offered: EventType, bob: Person, query: str) -> None:
    """Whatever can be typed into has a label."""
    page = bob.opens(PAGE + query)
    assert unlabelled(page) == []
    assert unlabelled('<input name="x">') != []


odd = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=30),
    st.sampled_from(
        (
            *(
                "",
                "0",
                "-1",
                "2026-12",
                "2026-13",
                "9999-12",
                "0001-01",
                "2026-12-02",
                "2026-02-30",
                "9999-12-31",
                SLOT,
            ),
            *("20261202T090000", "2026-12-02T09:00:00+25:00", "99991231T235959Z", "20260329T023000Z", "1764666000"),
            *("Europe/Vienna", "../../etc/passwd", "😀", "٢٠٢٦-١٢", "a" * 5000, "phone", "1", "<b>", "\0"),
        )
    ),
)
names = st.sampled_from(
    (
        *("month", "date", "slot", "tz", "zones", "slot_choice", "location", "name", "email", "notes", "nonce", "x"),
        *("loc1-phone", "loc2-phone", "contact_again", "loc-"),
    )
)


def test_nothing_typed_breaks_the_page(offered: EventType, bob: Person, app: Flask) -> None:
    """Rows 29-36: whatever stands in the address or the form, the answer is a page with words, never a fault of ours."""
    app.config["BOOKING_LIMITS"] = ("100000/hour",) * 3
    bob.opens(f"{PAGE}?slot={SLOT}")
    typed = form(bob.page, offered)

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(names, odd, max_size=6))
    def check(changes: dict[str, str]) -> None:
        assert bob.browser.get(PAGE, query_string=changes).status_code == 200
        answer = bob.sends(PAGE, follow=False, **typed | changes)
        assert answer.status_code in (303, 400, 409, 422, 429), changes

    check()
    raw = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"name=%ED%A0%80&notes=%FF%FE", b"&&&===%%%", b"name=" + b"x" * 70_000):
        assert bob.browser.post(PAGE, data=body, headers=raw).status_code in (400, 413)


def test_plugin_that_breaks_takes_only_its_option(ada: Host, bob: Person, world: World) -> None:
    """Fault row 41: a location whose plugin is not installed any more is not offered; the others are."""
    event_type = ada.offers("inperson")
    with world.hub.store.write() as session:
        session.add(LocationRow(event_type_id=event_type.id, position=9, provider="gone", inputs={}, show_before=True))
    bob.opens(f"{PAGE}?slot={SLOT}")
    assert bob.page.count('type="radio"') == 1
