"""How much of its day's budget a vendor account has used."""

from alembic import op
import sqlalchemy as sa


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account_use',
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('used', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('account', name=op.f('pk_account_use'))
    )


def downgrade() -> None:
    op.drop_table('account_use')
