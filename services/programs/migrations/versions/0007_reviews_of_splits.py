"""reviews of splits"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BEFORE = ("death", "merged", "moved", "left_registry")


def _kinds(kinds: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_reviews_kind"), "reviews", type_="check")
    op.create_check_constraint(op.f("ck_reviews_kind"), "reviews", f"kind IN {kinds!r}")


def upgrade() -> None:
    _kinds((*BEFORE, "split"))
    op.create_index("ix_reviews_subject_id", "reviews", ["subject_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_reviews_subject_id", table_name="reviews")
    op.execute("DELETE FROM reviews WHERE kind = 'split'")
    _kinds(BEFORE)
