"""Facts of households without names, the days of enrollments, and all that is published of a program."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Of what is held already scores are not known, nor who of a household lives with a disability where somebody does: both
# are unknown until the registry is read anew.
FILL = """
INSERT INTO household_facts (household_id, version, head_sex, births, sexes, disabilities, relationships)
SELECT household_id, households.version, min(sex) FILTER (WHERE relationship = 'head' AND sex IN ('F', 'M')),
       array_agg(birth_date ORDER BY individual_number), array_agg(sex ORDER BY individual_number),
       array_agg(CASE WHEN NOT households.disability THEN false END), array_agg(relationship ORDER BY individual_number)
FROM members JOIN households ON households.id = household_id GROUP BY household_id, households.version
"""


def upgrade() -> None:
    op.create_table(
        "household_facts",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("score", sa.Numeric(), nullable=True),
        sa.Column("head_sex", sa.Text(), nullable=True),
        sa.Column("births", postgresql.ARRAY(sa.Date()), nullable=False),
        sa.Column("sexes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("disabilities", postgresql.ARRAY(sa.Boolean()), nullable=False),
        sa.Column("relationships", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.CheckConstraint("head_sex IN ('F', 'M')", name=op.f("ck_household_facts_head_sex")),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["households.id"],
            name=op.f("fk_household_facts_household_id_households"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("household_id", name=op.f("pk_household_facts")),
    )
    op.execute(FILL)
    op.add_column("beneficiaries", sa.Column("spans", postgresql.DATEMULTIRANGE(), nullable=True))
    op.add_column("programs", sa.Column("document", postgresql.JSONB(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("programs", "document")
    op.drop_column("beneficiaries", "spans")
    op.drop_table("household_facts")
