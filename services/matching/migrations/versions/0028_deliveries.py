"""What institutions say they handed over."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=True),
        sa.Column("school", sa.Text(), nullable=True),
        sa.Column("handed_over", sa.Boolean(), nullable=False),
        sa.Column("amount_mru", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("delivered_on", sa.Date(), nullable=False),
        sa.Column("period_on", sa.Date(), nullable=True),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    indexes = (
        ("ix_deliveries_program_delivered_on", ["program", "delivered_on"], "enrollment_id IS NOT NULL"),
        ("ix_deliveries_enrollment_id", ["enrollment_id"], "enrollment_id IS NOT NULL"),
        ("ix_deliveries_school", ["institution", "school", "delivered_on"], "school IS NOT NULL"),
        ("ix_deliveries_corrects", ["corrects"], "corrects IS NOT NULL"),
    )
    for name, columns, where in indexes:
        op.create_index(name, "deliveries", columns, postgresql_where=sa.text(where))


def downgrade() -> None:
    op.drop_table("deliveries")
