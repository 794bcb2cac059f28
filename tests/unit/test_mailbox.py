"""The demo mailbox over a folder of mails."""

from __future__ import annotations

import os
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from hub import mailbox

ICS = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


def put(folder: Path, name: str, subject: str, *, at: int = 1_800_000_000) -> None:
    """Write one mail with text, HTML, an invitation and an attachment."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Hub <hub@localhost>", "Ümit <umit@example.com>", subject
    mail.set_content("Join at https://example.com/j/1?a=b&c=d. <b>Bring tea</b>")
    mail.add_alternative('<p style="color:red">Join <a href="https://example.com">here</a></p>', subtype="html")
    mail.add_alternative(ICS, subtype="calendar", params={"method": "REQUEST"})
    mail.add_attachment(b"\x00\x01", maintype="application", subtype="zip", filename="../a.zip")
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.eml").write_bytes(mail.as_bytes())
    os.utime(folder / f"{name}.eml", (at, at))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mail"


@pytest.fixture
def client(folder: Path) -> FlaskClient:
    return mailbox.create_app(folder).test_client()


def test_an_empty_mailbox_says_so(client: FlaskClient) -> None:
    """Before the first mail, when not even the folder is there, the page says what will make one appear."""
    page = client.get("/").text
    assert "Demo mailbox" in page
    assert "No mail yet" in page


def test_the_newest_mail_stands_first(client: FlaskClient, folder: Path) -> None:
    """Each line tells subject, recipient and time; the newest is on top; half-written files are not shown."""
    put(folder, "old", "The old one", at=1_800_000_000)
    put(folder, "new", "The <new> one", at=1_800_000_060)
    (folder / ".half.1234").write_text("Subject: half")
    page = client.get("/").text
    assert page.index("The &lt;new&gt; one") < page.index("The old one")
    assert "umit@example.com" in page
    assert "Fri 15 Jan, 08:01:00 UTC" in page
    assert "half" not in page


def test_a_mail_is_shown_in_all_its_parts(client: FlaskClient, folder: Path) -> None:
    """Text with working links, HTML in a sandboxed frame, the calendar entry as text, attachments to download."""
    put(folder, "one", "Intro call")
    page = client.get("/one").text
    assert '<a href="https://example.com/j/1?a=b&amp;c=d" target="_blank" rel="noopener">' in page
    assert "&lt;b&gt;Bring tea&lt;/b&gt;" in page
    assert 'src="/one/html" title="The mail in HTML" sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "METHOD:REQUEST" in page
    assert "style=" not in page
    assert "<script>" not in page
    invitation, archive = client.get("/one/part/0"), client.get("/one/part/1")
    assert invitation.text.replace("\r\n", "\n") == ICS.replace("\r\n", "\n")
    assert archive.data == b"\x00\x01"
    assert archive.headers["Content-Disposition"] == "attachment; filename=.._a.zip"
    assert client.get("/one/part/2").status_code == 404


def test_the_html_of_a_mail_can_do_nothing_but_look_right(client: FlaskClient, folder: Path) -> None:
    """A mail runs no script, loads nothing and reaches nothing, even when it is opened outside its frame."""
    put(folder, "one", "Intro call")
    answer = client.get("/one/html")
    policy = answer.headers["Content-Security-Policy"]
    assert '<p style="color:red">' in answer.text
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "unsafe-inline" not in client.get("/one").headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["absent", "..%2fsecret", "%2e%2e", "a.b", "x" * 300])
def test_only_mails_of_the_folder_are_served(client: FlaskClient, folder: Path, name: str) -> None:
    """Whatever name is asked for, nothing outside the folder is read."""
    folder.mkdir()
    (folder.parent / "secret.eml").write_text("Subject: secret\n\nsecret")
    for tail in ("", "/html", "/part/0"):
        answer = client.get(f"/{name}{tail}")
        assert answer.status_code == 404
        assert "secret" not in answer.text.replace(name, "")


def test_a_broken_mail_is_shown_as_far_as_it_goes(client: FlaskClient, folder: Path) -> None:
    """A file that is no proper mail breaks neither the list nor its own page."""
    folder.mkdir()
    (folder / "odd.eml").write_bytes(b"Content-Type: multipart/mixed\n\n\xff\xfe")
    assert "(no subject)" in client.get("/").text
    assert client.get("/odd").status_code == 200


def test_it_can_be_mounted_below_another_path(folder: Path) -> None:
    """Below /mailbox all its links and files stay below /mailbox."""
    put(folder, "one", "Intro call")
    mounted = Client(DispatcherMiddleware(lambda _e, _s: [b""], {"/mailbox": mailbox.create_app(folder)}))
    page = mounted.get("/mailbox/").text
    assert 'href="/mailbox/one"' in page
    assert mounted.get("/mailbox/one").status_code == 200
    for file in ("mailbox.css", "mailbox.js", "hub.css"):
        assert f'"/mailbox/static/{file}"' in page
        assert mounted.get(f"/mailbox/static/{file}", buffered=True).status_code == 200
