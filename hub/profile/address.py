"""Changes a host's email address: asked for with the password, confirmed at the new address, told to the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from hub import accounts
from hub.accounts import links
from hub.errors import NotPossible
from hub.forms import Faults
from hub.store.models import Host

if TYPE_CHECKING:
    from hub.container import Hub

STALE = "This link has been used, or is older than a day, or is not whole."
TAKEN = "This address can't be used any more: it has an account of its own by now."


def ask(hub: Hub, host_id: int, *, password: str, email: str) -> str:
    """Mail a link to the new address, and a notice to the present one, which stays until the link is used.

    Returns the new address as it would be kept. The answer is the same for an address that has an account. Raises
    InvalidForm where the password is wrong or the address is none, or the present one.
    """
    faults = Faults()
    with hub.store.read() as session:
        host = session.get_one(Host, host_id)
    if not accounts.check_password(host, password):
        faults.add("email_password", "This is not your password.")
    new = faults.read("", accounts.address, email)
    if new and new == host.email:
        faults.add("email", "This is your address already.")
    faults.check()
    with hub.store.write() as session:
        links.drop(session, host_id, "confirm")
        links.write(session, hub, "confirm", new, host_id=host_id)
        links.write(session, hub, "asked", host.email, host_id=host_id)
    return new


def look(hub: Hub, token: str) -> str:
    """Return the new address that this link confirms, empty where it works no more; looking does not use it up."""
    with hub.store.write() as session:
        row = links.find(session, hub, token, "confirm")
        return row.email if row else ""


def confirm(hub: Hub, token: str) -> str:
    """Make the new address the host's, and return it. Raises NotPossible."""
    try:
        with hub.store.write() as session:
            row = links.find(session, hub, token, "confirm")
            if row is None or row.host_id is None:
                raise NotPossible(STALE)
            host, new = session.get_one(Host, row.host_id, with_for_update=True), row.email
            links.write(session, hub, "changed", host.email, host_id=host.id)
            # A link that was mailed to the old address must not open the account any more.
            links.drop(session, host.id, "confirm", "reset")
            host.email = new
            session.flush()
            return new
    except IntegrityError:
        raise NotPossible(TAKEN) from None
