"""traffic"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "traffic",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("request_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("response_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("response_out_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("x_request_id", sa.Text(), nullable=False),
        sa.Column("client_member_code", sa.Text(), nullable=False),
        sa.Column("service_member_code", sa.Text(), nullable=False),
        sa.Column("service_code", sa.Text(), nullable=False),
        sa.Column("request_size", sa.BigInteger(), nullable=False),
        sa.Column("response_size", sa.BigInteger(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.Column("fault_code", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_traffic")),
    )
    op.create_index("ix_traffic_client_member_code", "traffic", ["client_member_code", "position"], unique=False)
    op.create_index("ix_traffic_request_in_at", "traffic", ["request_in_at"], unique=False)


def downgrade() -> None:
    op.drop_table("traffic")
