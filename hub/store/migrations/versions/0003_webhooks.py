"""Webhooks that were taken, and what vendors told of meetings."""

from alembic import op
import sqlalchemy as sa


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('webhook_delivery',
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_webhook_delivery'))
    )
    with op.batch_alter_table('webhook_delivery', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_webhook_delivery_taken_at'), ['taken_at'], unique=False)

    op.add_column('meeting', sa.Column('noticed', sa.JSON(), nullable=True))
    op.add_column('meeting', sa.Column('known_at', sa.DateTime(timezone=True), nullable=True))
    sqlite = op.get_bind().dialect.name == 'sqlite'  # which knows ->> from 3.38 on only
    words = "json_extract(value, '$.external_id')" if sqlite else "(value ->> 'external_id')"
    op.create_index('ix_meeting_external_id', 'meeting', [sa.text(words)], unique=False)


def downgrade() -> None:
    op.drop_index('ix_meeting_external_id', table_name='meeting')
    op.drop_column('meeting', 'known_at')
    op.drop_column('meeting', 'noticed')
    op.drop_table('webhook_delivery')
