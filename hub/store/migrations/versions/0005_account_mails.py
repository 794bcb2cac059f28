"""Mails about accounts, and hosts who have deleted theirs."""

from alembic import op
import sqlalchemy as sa


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account_mail',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('host_id', sa.Integer(), nullable=True),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('email', sa.String(length=320), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=True),
    sa.Column('token', sa.Text(), nullable=False),
    sa.Column('data', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['host_id'], ['host.id'], name=op.f('fk_account_mail_host_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_mail')),
    sa.UniqueConstraint('digest', name=op.f('uq_account_mail_digest')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_account_mail_host_id'), 'account_mail', ['host_id'], unique=False)
    op.add_column('host', sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('host', 'deleted_at')
    op.drop_index(op.f('ix_account_mail_host_id'), table_name='account_mail')
    op.drop_table('account_mail')
