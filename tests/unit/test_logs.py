"""The log: one line for each event, with what it is about, and nothing that lets anybody in."""

from __future__ import annotations

import json
import logging
import threading

import pytest
from flask import Flask, g

from hub import logs
from hub.container import Hub
from hub.outbox import outbox
from hub.outbox.outbox import Delivery

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
LONG = "Zx9" + "aB3dE5fG7h" * 5


def line(form: str, message: str, *arguments: object, fault: Exception | None = None, **about: object) -> str:
    """Return a logged event as it is written."""
    trace = (type(fault), fault, fault.__traceback__) if fault else None
    record = logging.LogRecord("hub.test", logging.WARNING, __file__, 1, message, arguments, trace)
    with logs.bound(**about):
        return logs.formatter(form).format(record)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer ***"),
        ("sent Bearer abcdefghijkl.mn to it", "sent Bearer *** to it"),
        ('{"access_token": "abc", "x": 1}', '{"access_token": "***", "x": 1}'),
        ("refresh_token=abc&x=1", "refresh_token=***&x=1"),
        ("client_secret='abc'", "client_secret='***'"),
        ("password: hunter2", "password: ***"),
        ("redis://:hunter2@redis.example.com:6379/0", "redis://***@redis.example.com:6379/0"),
        ("postgresql://hub:pw@db/hub is gone", "postgresql://***@db/hub is gone"),
        ("https://example.com/j/123?pwd=abc.1 is there", "https://example.com/j/123?*** is there"),
        ("GET /integrations/x/callback?code=abc&state=def", "GET /integrations/x/callback?***"),
        ("http://localhost/b/kJ3_x-9 opened", "http://localhost/b/*** opened"),
        (f"token {JWT}!", "token ***!"),
        (f"sealed 1a2b3c4d.{LONG}==", "sealed 1a2b3c4d.***"),
        ("Cookie: hub=abc", "Cookie: ***"),
        ("booking 7: create at x: Temporary", "booking 7: create at x: Temporary"),
        ("outbox 3 (mail:7:1:booked:host) failed", "outbox 3 (mail:7:1:booked:host) failed"),
        ("Is it there? Yes", "Is it there? Yes"),
    ],
)
def test_secrets_are_masked(text: str, left: str) -> None:
    """Tokens, passwords and links that open something are written as stars; what says what happened stays."""
    assert logs.mask(text) == left


@pytest.mark.parametrize("form", logs.FORMATS)
def test_secrets_in_traces_are_masked(form: str) -> None:
    """What an exception says is masked too."""
    try:
        raise ValueError(f"refused: Bearer {LONG}")
    except ValueError as fault:
        written = line(form, "it failed", fault=fault)
    assert "ValueError: refused: Bearer ***" in written
    assert LONG not in written


@pytest.mark.parametrize("evil", ["\n", "\r", "\r\n", "\x0b", "\x1b[2J", "\x85", "\u2028", "\x00"])
def test_nobody_writes_a_line_of_the_log(evil: str) -> None:
    """A line break in what a stranger sent begins no line, nor does it move the reader's cursor."""
    forged = f"x{evil}2026-01-01T00:00:00.000Z INFO hub all is well"
    for form in logs.FORMATS:
        written = line(form, "name %s", forged, booking=forged)
        assert len(written.splitlines()) == 1
        assert "\x1b" not in written
    try:
        raise ValueError(forged)
    except ValueError as fault:
        lines = line("text", "it failed", fault=fault).splitlines()
    assert all(text.startswith("  | ") for text in lines[1:])
    assert len(json.dumps(line("json", "x", fault=ValueError(forged))).splitlines()) == 1


def test_a_line_says_what_it_is_about() -> None:
    """Booking, provider, outbox row and request are fields of their own, and end with their block."""
    with logs.bound(outbox=3):
        logs.bind(booking=7, provider="x")
        told = json.loads(line("json", "it failed", request="4f2a"))
    assert {name: told[name] for name in logs.FIELDS if name in told} == {
        "request": "4f2a",
        "outbox": 3,
        "booking": 7,
        "provider": "x",
    }
    assert (told["level"], told["logger"], told["message"]) == ("warning", "hub.test", "it failed")
    assert told["time"].endswith("Z")
    assert "booking" not in json.loads(line("json", "later"))
    assert line("text", "it failed", booking=7).endswith(" WARNING hub.test it failed booking=7")


def test_threads_are_apart() -> None:
    """What another thread is about is none of ours."""
    seen: list[str] = []
    with logs.bound(booking=7):
        thread = threading.Thread(target=lambda: seen.append(line("text", "x")))
        thread.start()
        thread.join()
    assert "booking" not in seen[0]


@pytest.mark.usefixtures("engine")
def test_a_delivery_names_its_row_and_booking(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is logged while a row is delivered says which row and booking it was for."""
    before = logging.getLogger().handlers[:]
    level = logging.getLogger().level
    logs.configure("json")
    try:

        def breaks(_delivery: Delivery) -> None:
            logging.getLogger("hub.test").warning("at it")
            raise ValueError("boom")

        with hub.store.write() as session:
            row = outbox.add(session, hub, "test", "key", booking=7)
        assert row
        outbox.deliver(hub, {"test": breaks}, row.id)
    finally:
        logging.basicConfig(handlers=before, level=level, force=True)
    told = [json.loads(text) for text in capsys.readouterr().err.splitlines()]
    assert [(one["message"], one["outbox"], one["booking"], one["topic"]) for one in told] == [
        ("at it", row.id, 7, "test"),
        (f"outbox {row.id} (key) failed", row.id, 7, "test"),
    ]
    assert "ValueError: boom" in told[1]["trace"]


def test_pages_name_their_request(app: Flask) -> None:
    """The number that an error page shows is the one in the log."""
    with app.test_request_context("/"):
        app.preprocess_request()
        assert json.loads(line("json", "x"))["request"] == g.request_id
