"""Mails about accounts: each from its own row, to its own address, with the link that works once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import words
from hub.notify.message import Draft, compose
from hub.notify.render import render
from hub.outbox.outbox import Delivery
from hub.store import sealed
from hub.store.account_mail import AccountMail
from hub.store.models import Host
from hub.store.vault import Unreadable
from hub.values import Person

if TYPE_CHECKING:
    from hub.container import Hub

# What each kind's link leads to.
PATHS = {"reset": "/account/password", "signup": "/account/open", "confirm": "/account/email"}


def account_draft(session: Session, hub: Hub, delivery: Delivery) -> Draft | None:
    """Return the mail of this row; None where its time is over or nobody is to get it."""
    row = session.get(AccountMail, int(delivery.ids["account_mail"]))
    if row is None or row.expires_at <= hub.clock() or not row.email:
        return None
    host = session.get(Host, row.host_id) if row.host_id else None
    kind, public = row.kind, hub.settings.public_url
    if kind == "confirm" and session.scalar(select(Host.id).where(Host.email == row.email)):
        kind = "taken"  # said here, by mail, and not on the page: there it would tell anybody
    token = _token(hub, row) if row.digest else ""
    if row.digest and not token:
        return None  # it was mailed before, or can't be read any more
    # Whoever reads a mail at an address that is not confirmed yet may be a stranger to the host, and to the name.
    whom = host.name if host and row.email == host.email else ""
    context = {
        "name": whom,
        "url": f"{public}{PATHS[kind]}/{token}" if kind in PATHS else "",
        "lifetime": words.minutes(round((row.expires_at - row.created_at).total_seconds() / 60)),
        "login_url": f"{public}/login",
        "forgot_url": f"{public}/forgot",
        "profile_url": f"{public}/profile",
        "support_email": hub.settings.support_email,
    }
    return Draft(compose(hub, delivery, Person(whom, row.email), render(f"account/{kind}", context)))


def account_mailed(session: Session, mail_id: int) -> None:
    """Forget what only the mail needed: the token of its link, and all of a mail that has none."""
    row = session.get(AccountMail, mail_id)
    if row is None:
        return
    if row.digest:
        row.token = ""
    else:
        session.delete(row)


def _token(hub: Hub, row: AccountMail) -> str:
    try:
        return hub.vault.open(row.token, sealed.account_mail(row, "token"))
    except Unreadable:
        return ""
