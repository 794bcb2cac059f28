"""With which provider's location a host's new event types start."""

from alembic import op
import sqlalchemy as sa


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('host', sa.Column('default_provider', sa.String(length=40), server_default='', nullable=False))


def downgrade() -> None:
    op.drop_column('host', 'default_provider')
