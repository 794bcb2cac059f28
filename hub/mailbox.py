"""The demo mailbox: a page over a folder of .eml files, so that nothing needs to be sent to be seen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from flask import Flask, Response, abort, render_template, url_for
from markupsafe import Markup, escape

from hub import words

NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")
LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
PAGE_POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
# A mail may style itself, but it runs nothing, loads nothing and reaches nothing of the mailbox.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
SHOWN = 200


@dataclass(frozen=True)
class Mail:
    """One line of the list; `at` is when the file was written, in UTC."""

    name: str
    sender: str
    to: str
    subject: str
    at: datetime

    @property
    def when(self) -> str:
        """Such as “Thu 3 Dec, 14:00:05 UTC”."""
        return f"{words.day(self.at, year=False)}, {self.at:%H:%M:%S} UTC"


@dataclass(frozen=True)
class Attachment:
    """One part to download; `text` is set where it can be read as it is, as calendar entries can."""

    number: int
    filename: str
    kind: str
    size: int
    text: str


def create_app(folder: Path) -> Flask:
    """Return the mailbox over this folder, to be mounted anywhere. The folder may appear later."""
    app = Flask("hub", template_folder=str(words.templates_folder()), static_folder=str(words.HERE / "static"))
    app.jinja_env.filters["linked"] = linked
    app.register_error_handler(404, _absent)
    app.after_request(_guarded)

    @app.get("/")
    def inbox() -> str:
        return render_template("mailbox/inbox.html", mails=listing(folder))

    @app.get("/<name>")
    def message(name: str) -> str:
        path = _path(folder, name)
        parsed = _parse(path)
        return render_template(
            "mailbox/message.html",
            mail=_line(path, parsed),
            text=_body(parsed, "plain"),
            has_html=bool(_body(parsed, "html")),
            attachments=attachments(parsed),
        )

    @app.get("/<name>/html")
    def html(name: str) -> Response:
        body = _body(_parse(_path(folder, name)), "html")
        if not body:
            abort(404)
        # Links leave the frame: what they open must not inherit its sandbox.
        answer = Response(f'<base target="_blank">{body}', mimetype="text/html")
        answer.headers["Content-Security-Policy"] = MAIL_POLICY
        return answer

    @app.get("/<name>/part/<int:number>")
    def part(name: str, number: int) -> Response:
        leaves = _attached(_parse(_path(folder, name)))
        if number >= len(leaves):
            abort(404)
        answer = Response(_bytes(leaves[number]), mimetype="application/octet-stream")
        answer.headers.set("Content-Disposition", "attachment", filename=_filename(leaves[number]))
        return answer

    return app


def listing(folder: Path) -> list[Mail]:
    """Return the newest mails of the folder, newest first."""
    dated = []
    for path in folder.glob("*.eml"):
        if NAME.fullmatch(path.stem):
            dated.append((path.stat().st_mtime_ns, path))
    return [_line(path, _parse(path, headers_only=True)) for _, path in sorted(dated, reverse=True)[:SHOWN]]


def attachments(message: EmailMessage) -> list[Attachment]:
    """Return what can be downloaded, an invitation among the alternatives included."""
    found = []
    for number, part in enumerate(_attached(message)):
        data = _bytes(part)
        readable = part.get_content_maintype() == "text"
        text = data.decode(part.get_content_charset("utf-8"), "replace") if readable else ""
        found.append(Attachment(number, _filename(part), part.get_content_type(), len(data), text))
    return found


def linked(text: str) -> Markup:
    """Return the text as HTML in which web addresses are links."""
    pieces, at = [], 0
    for match in LINK.finditer(text):
        link = Markup('<a href="{0}" target="_blank" rel="noopener">{0}</a>').format(match.group())
        pieces += [escape(text[at : match.start()]), link]
        at = match.end()
    return Markup("").join([*pieces, escape(text[at:])])


def _absent(_fault: Exception) -> tuple[str, int]:
    return render_template("mailbox/absent.html", home=url_for("inbox")), 404


def _guarded(answer: Response) -> Response:
    """Let pages load nothing from elsewhere, tell nobody where a link stood, and be kept by no browser."""
    answer.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer


def _path(folder: Path, name: str) -> Path:
    path = folder / f"{name}.eml"
    if not NAME.fullmatch(name) or not path.is_file():
        abort(404)
    return path


def _parse(path: Path, *, headers_only: bool = False) -> EmailMessage:
    with path.open("rb") as file:
        return BytesParser(policy=policy.default).parse(file, headersonly=headers_only)


def _line(path: Path, message: EmailMessage) -> Mail:
    told = {name: str(message.get(name, "")) for name in ("From", "To", "Subject")}
    at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return Mail(path.stem, told["From"], told["To"], told["Subject"] or "(no subject)", at)


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part else ""


def _attached(message: EmailMessage) -> list[EmailMessage]:
    bodies = [message.get_body((kind,)) for kind in ("plain", "html")]
    return [
        part
        for part in message.walk()
        if isinstance(part, EmailMessage) and not part.is_multipart() and not any(part is body for body in bodies)
    ]


def _bytes(part: EmailMessage) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _filename(part: EmailMessage) -> str:
    usual = "invite.ics" if part.get_content_type() == "text/calendar" else "attachment.bin"
    return (part.get_filename() or usual).replace("/", "_").replace("\\", "_")
