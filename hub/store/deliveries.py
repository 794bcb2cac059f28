"""The table of webhooks that were taken, so that each has its effect once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.base import Base


class WebhookDelivery(Base):
    """A webhook that was taken: by the digest of its body, and by the vendor's own number for it."""

    __tablename__ = "webhook_delivery"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(index=True)
