"""Since when a connection's vendor has not answered."""

from alembic import op
import sqlalchemy as sa


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('connection', sa.Column('failures', sa.Integer(), server_default='0', nullable=False))
    op.add_column('connection', sa.Column('outage_since', sa.DateTime(timezone=True), nullable=True))
    op.add_column('connection', sa.Column('open_until', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('connection', 'open_until')
    op.drop_column('connection', 'outage_since')
    op.drop_column('connection', 'failures')
