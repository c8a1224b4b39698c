"""Which promotions were taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for it, and find the latest ones quickly."""
    op.add_column("promotions", sa.Column("undone", sa.Double(), nullable=True))
    op.add_column("promotions", sa.Column("undone_by", sa.Text(), nullable=True))
    op.add_column("promotions", sa.Column("restored", sa.Text(), nullable=True))
    op.create_index("promotions_by_time", "promotions", ["at", "id"])


def downgrade() -> None:
    """A history only goes forward."""
    raise NotImplementedError("a history is never taken back to an older form: restore a copy from before")
