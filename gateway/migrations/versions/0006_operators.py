"""operators, their sessions and failed attempts"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "operators",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(role = 'partner_viewer') = (partner IS NOT NULL)", name=op.f("ck_operators_viewers_have_partners")
        ),
        sa.CheckConstraint(
            "password_hash IS NOT NULL OR account IS NOT NULL", name=op.f("ck_operators_a_way_to_sign_in")
        ),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name=op.f("fk_operators_partner_partners")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_operators")),
    )
    op.create_index("uq_operators_account", "operators", ["account"], unique=True)
    op.create_table(
        "operator_sessions",
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["operator"], ["operators.name"], name=op.f("fk_operator_sessions_operator_operators")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_operator_sessions")),
    )
    op.create_index("ix_operator_sessions_operator", "operator_sessions", ["operator"], unique=False)
    op.create_index("ix_operator_sessions_ends_at", "operator_sessions", ["ends_at"], unique=False)
    op.create_table(
        "sign_in_failures",
        sa.Column("who_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("who_sha256", name=op.f("pk_sign_in_failures")),
    )
    op.create_index("ix_sign_in_failures_last_at", "sign_in_failures", ["last_at"], unique=False)


def downgrade() -> None:
    for table in ("sign_in_failures", "operator_sessions", "operators"):
        op.drop_table(table)
