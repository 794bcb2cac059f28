"""The tables about the hub itself: signs of life, counts of what happened, and keys of its own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.base import Base


class Heartbeat(Base):
    """When a kind of process last left a sign of life; see hub.outbox.life for the kinds."""

    __tablename__ = "heartbeat"
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    seen_at: Mapped[datetime]


class Counter(Base):
    """How often something has happened; a row for each of its labels and shards, see hub.store.counters."""

    __tablename__ = "counter"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    labels: Mapped[str] = mapped_column(String(200), primary_key=True)  # JSON, sorted
    shard: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class SealedKey(Base):
    """A key of the hub's own, as hexadecimal digits; see hub.store.fingerprints for the one there is."""

    __tablename__ = "sealed_key"
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
