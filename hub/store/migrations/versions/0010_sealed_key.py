"""Keys of the hub's own, sealed with the encryption keys."""

from alembic import op
import sqlalchemy as sa


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('sealed_key',
    sa.Column('name', sa.String(length=20), nullable=False),
    sa.Column('sealed', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_sealed_key'))
    )


def downgrade() -> None:
    op.drop_table('sealed_key')
