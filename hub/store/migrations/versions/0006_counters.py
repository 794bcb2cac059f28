"""Counts of what happened."""

from alembic import op
import sqlalchemy as sa


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('counter',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('labels', sa.String(length=200), nullable=False),
    sa.Column('shard', sa.Integer(), nullable=False),
    sa.Column('value', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', 'labels', 'shard', name=op.f('pk_counter'))
    )


def downgrade() -> None:
    op.drop_table('counter')
