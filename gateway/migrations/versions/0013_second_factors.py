"""second factors of operators"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("operators", sa.Column("factor_secret", sa.LargeBinary(), nullable=True))
    op.add_column("operators", sa.Column("factor_step", sa.BigInteger(), nullable=True))
    op.add_column("operators", sa.Column("factor_added_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_operators_factors_are_whole"),
        "operators",
        "num_nonnulls(factor_secret, factor_step, factor_added_at) IN (0, 3)",
    )
    for column in ("by_account", "factor_shown"):
        op.add_column("operator_sign_ins", sa.Column(column, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "operator_recovery_codes",
        sa.Column("code_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator"], ["operators.name"], name=op.f("fk_operator_recovery_codes_operator_operators")
        ),
        sa.PrimaryKeyConstraint("code_sha256", name=op.f("pk_operator_recovery_codes")),
    )
    op.create_index("ix_operator_recovery_codes_operator", "operator_recovery_codes", ["operator"], unique=False)


def downgrade() -> None:
    op.drop_table("operator_recovery_codes")
    for column in ("by_account", "factor_shown"):
        op.drop_column("operator_sign_ins", column)
    op.drop_constraint(op.f("ck_operators_factors_are_whole"), "operators")
    for column in ("factor_added_at", "factor_step", "factor_secret"):
        op.drop_column("operators", column)
