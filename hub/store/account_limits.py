"""The tables of what vendor accounts have used of their limits, each by a keyed fingerprint."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.base import Base


class AccountUse(Base):
    """How many creates and moves a vendor account has had on the last day on which it had any."""

    __tablename__ = "account_use"
    account: Mapped[str] = mapped_column(String(64), primary_key=True)  # keyed fingerprint
    day: Mapped[str] = mapped_column(String(10))  # ISO date, UTC
    used: Mapped[int]


class AccountPace(Base):
    """When calls for a vendor account, or for what it shares its limit with, may be made; seconds since 1970."""

    __tablename__ = "account_pace"
    account: Mapped[str] = mapped_column(String(64), primary_key=True)  # keyed fingerprint
    free_at: Mapped[float]  # the next call's moment
    turn_at: Mapped[float]  # when whoever has to come back later does
