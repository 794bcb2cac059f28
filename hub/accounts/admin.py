"""What an operator does to accounts: lists them, opens and closes them, makes one for somebody."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from hub import accounts
from hub.accounts import Newcomer, links
from hub.errors import InvalidInput
from hub.store.models import Booking, Host

if TYPE_CHECKING:
    from hub.container import Hub


@dataclass(frozen=True)
class Overview:
    """One account as the operator sees it; `created_at` in ISO 8601, UTC; `upcoming` counts bookings that stand."""

    email: str
    name: str
    handle: str
    active: bool
    operator: bool
    disabled: list[str]
    upcoming: int
    created_at: str


def overview(hub: Hub) -> list[Overview]:
    """Return all accounts by address."""
    upcoming = (
        select(Booking.host_id, func.count(Booking.id).label("count"))
        .where(Booking.status == "confirmed", Booking.starts_at > hub.clock())
        .group_by(Booking.host_id)
        .subquery()
    )
    query = select(Host, upcoming.c.count).outerjoin(upcoming, upcoming.c.host_id == Host.id)
    with hub.store.read() as session:
        rows = session.execute(query.where(Host.deleted_at.is_(None)).order_by(Host.email)).all()
    return [
        Overview(
            host.email,
            host.name,
            host.handle,
            host.active,
            host.operator,
            list(host.providers_off),
            count or 0,
            host.created_at.isoformat(),
        )
        for host, count in rows
    ]


def host_id(hub: Hub, email: str) -> int:
    """Return the id of the account with this address. Raises InvalidInput."""
    with hub.store.read() as session:
        host = accounts.find(session, email)
    if host is None:
        raise InvalidInput("email", f"There is no account with the address {email}.")
    return host.id


def switch(hub: Hub, email: str, *, active: bool | None = None, operator: bool | None = None) -> str:
    """Open or close an account for new bookings, or make its host an operator or not. Returns the host's name.

    Raises InvalidInput.
    """
    number = host_id(hub, email)
    with hub.store.write() as session:
        host = session.get_one(Host, number, with_for_update=True)
        host.active = host.active if active is None else active
        host.operator = host.operator if operator is None else operator
        return host.name


def add(hub: Hub, *, email: str, name: str, timezone: str) -> str:
    """Make an account without a password and return the address at which its host sets one, once, within three days.

    Raises InvalidForm; never touches an account that exists.
    """
    unusable = secrets.token_urlsafe(32)  # a password that nobody knows, so that the fields are checked as at sign-up
    clean = accounts.read(name=name, email=email, password=unusable, timezone=timezone)
    with hub.store.write() as session:
        number = accounts.welcome(session, hub, Newcomer(clean.name, clean.email, "", clean.timezone))
        token = links.write(session, hub, "invite", clean.email, host_id=number)
    return f"{hub.settings.public_url}/account/password/{token}"


def invite(hub: Hub, email: str) -> str:
    """Return a new such address for an account that exists; an earlier one ends. Raises InvalidInput."""
    number = host_id(hub, email)
    with hub.store.write() as session:
        links.drop(session, number, "invite")
        token = links.write(session, hub, "invite", accounts.address(email), host_id=number)
    return f"{hub.settings.public_url}/account/password/{token}"
