"""Hands mails to an SMTP server, or writes them to a folder."""

from __future__ import annotations

import contextlib
import os
import secrets
import smtplib
import socket
import ssl
import threading
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from hub.store.db import outside_transaction

TIMEOUT = 10.0  # seconds that a server may say nothing
LONGEST = 30.0  # seconds that one session may take, however busy its server keeps us; a job lives for longer


class MailRefused(Exception):
    """The mail server refuses this recipient or message for good."""


class _Bounded:
    """Of a session with a mail server: it ends after LONGEST, also where single letters keep coming."""

    sock: socket.socket | None
    _end: threading.Timer | None = None

    def _get_socket(self, *where: Any) -> Any:
        found = super()._get_socket(*where)  # type: ignore[misc]
        self._end = threading.Timer(LONGEST, self._give_up)
        self._end.daemon = True
        self._end.start()
        return found

    def _give_up(self) -> None:
        with contextlib.suppress(OSError):
            if self.sock:
                self.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the session."""
        if self._end:
            self._end.cancel()
        super().close()  # type: ignore[misc]


class _Session(_Bounded, smtplib.SMTP):
    pass


class _SecureSession(_Bounded, smtplib.SMTP_SSL):
    pass


class SmtpMailer:
    """Sends through smtp://user:password@host:port, with STARTTLS where offered, or smtps://."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._tls else 25)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")

    def __repr__(self) -> str:
        return f"SmtpMailer({self._host}:{self._port})"

    def send(self, message: EmailMessage) -> None:
        """Hand over one mail. Raises MailRefused for good, OSError or SMTPException for now."""
        outside_transaction()
        try:
            with self.connect() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as fault:
            codes = [code for code, _ in fault.recipients.values()]
            if all(500 <= code < 600 for code in codes):
                raise MailRefused(f"the mail server refused the recipient ({codes[0]})") from None
            raise
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as fault:
            if 500 <= fault.smtp_code < 600:
                raise MailRefused(f"the mail server refused the mail ({fault.smtp_code})") from None
            raise

    def connect(self) -> smtplib.SMTP:
        """Return a session with the server: encrypted where it can be, signed in where there is a name.

        Raises OSError or SMTPException.
        """
        if self._tls:
            server: smtplib.SMTP = _SecureSession(
                self._host, self._port, timeout=TIMEOUT, context=ssl.create_default_context()
            )
        else:
            server = _Session(self._host, self._port, timeout=TIMEOUT)
        try:
            server.ehlo_or_helo_if_needed()
            if not self._tls and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
            if self._user:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server


class FolderMailer:
    """Writes each mail as an .eml file into a folder; the same Message-ID twice leaves one file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        """Write the file; it appears whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = "".join(c for c in str(message["Message-ID"]).split("@")[0] if c.isalnum() or c in "-_")
        temporary = self._folder / f".{name}.{secrets.token_hex(4)}"
        temporary.write_bytes(message.as_bytes())
        os.replace(temporary, self._folder / f"{name}.eml")


def mailer(url: str) -> SmtpMailer | FolderMailer:
    """Return the mailer for a HUB_MAIL_URL that hub.config has checked."""
    if url.startswith("file://"):
        return FolderMailer(Path(unquote(urlsplit(url).path)))
    return SmtpMailer(url)
