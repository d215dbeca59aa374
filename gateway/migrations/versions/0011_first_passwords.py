"""first passwords, and sign-ins that have a step left"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("operators", sa.Column("password_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "operator_sign_ins",
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["operator"], ["operators.name"], name=op.f("fk_operator_sign_ins_operator_operators")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_operator_sign_ins")),
    )
    op.create_index("ix_operator_sign_ins_operator", "operator_sign_ins", ["operator"], unique=False)
    op.create_index("ix_operator_sign_ins_ends_at", "operator_sign_ins", ["ends_at"], unique=False)


def downgrade() -> None:
    op.drop_table("operator_sign_ins")
    op.drop_column("operators", "password_until")
