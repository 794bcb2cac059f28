"""What is sealed, and where: each table's columns and the places to which their values are bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.store.account_mail import AccountMail
from hub.store.health import SealedKey
from hub.store.models import Booking, Connection, OAuthFlow
from hub.store.vault import FINGERPRINT_PLACE, Vault


@dataclass(frozen=True)
class Sealed:
    """A table's sealed columns; `places` returns where each stands for one row, by the column's name."""

    table: type[Any]
    key: InstrumentedAttribute[Any]
    columns: tuple[InstrumentedAttribute[str], ...]
    places: Callable[[Any], Mapping[str, str]]


def account_mail(row: AccountMail, column: str) -> str:
    """Return where a sealed value of a mail about an account stands."""
    return f"account_mail:{row.id}:{column}"


def booking_token(ref: str, which: str) -> str:
    """Return where a booking's `manage` or `view` token stands."""
    return f"booking:{ref}:{which}"


def connection_tokens(connection_id: int) -> str:
    """Return where a connection's tokens stand."""
    return f"connection:{connection_id}:tokens"


def flow_verifier(state_digest: str) -> str:
    """Return where the verifier of a connecting that is under way stands."""
    return f"oauth_flow:{state_digest}"


SEALED = (
    Sealed(Connection, Connection.id, (Connection.tokens,), lambda row: {"tokens": connection_tokens(row.id)}),
    Sealed(
        Booking,
        Booking.id,
        (Booking.manage_token, Booking.view_token),
        lambda row: {f"{which}_token": booking_token(row.ref, which) for which in ("manage", "view")},
    ),
    Sealed(
        OAuthFlow,
        OAuthFlow.state_digest,
        (OAuthFlow.verifier,),
        lambda row: {"verifier": flow_verifier(row.state_digest)},
    ),
    Sealed(
        AccountMail,
        AccountMail.id,
        (AccountMail.token, AccountMail.data),
        lambda row: {name: account_mail(row, name) for name in ("token", "data")},
    ),
    Sealed(SealedKey, SealedKey.name, (SealedKey.sealed,), lambda row: {"sealed": FINGERPRINT_PLACE}),
)


def older(session: Session, vault: Vault) -> int:
    """Return how many rows have a value that is not encrypted with the newest key."""
    return sum(
        session.scalar(
            select(func.count())
            .select_from(kind.table)
            .where(or_(*((column != "") & ~column.startswith(vault.mark) for column in kind.columns)))
        )
        or 0
        for kind in SEALED
    )
