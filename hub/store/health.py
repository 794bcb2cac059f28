"""The tables about the hub itself: signs of life."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.base import Base


class Heartbeat(Base):
    """When a kind of process last left a sign of life; see hub.outbox.life for the kinds."""

    __tablename__ = "heartbeat"
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    seen_at: Mapped[datetime]
