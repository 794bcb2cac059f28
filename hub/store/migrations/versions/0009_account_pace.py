"""When a vendor account's next call may be made."""

from alembic import op
import sqlalchemy as sa


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account_pace',
    sa.Column('account', sa.String(length=64), nullable=False),
    sa.Column('free_at', sa.Float(), nullable=False),
    sa.Column('turn_at', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('account', name=op.f('pk_account_pace'))
    )


def downgrade() -> None:
    op.drop_table('account_pace')
