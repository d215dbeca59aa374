"""two clocks"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("undoes", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('import', 'correction', 'birth', 'death', 'marriage', 'move', 'split', 'removal', 'return', 'merge', 'undo')",
            name=op.f("ck_changes_kind"),
        ),
        sa.ForeignKeyConstraint(["undoes"], ["changes.id"], name=op.f("fk_changes_undoes_changes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
        sa.UniqueConstraint("undoes", name=op.f("uq_changes_undoes")),
    )
    op.create_index(
        "ix_changes_import_id", "changes", ["import_id"], unique=False, postgresql_where="import_id IS NOT NULL"
    )
    op.create_table(
        "conflicts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("held_value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("held_source", sa.Text(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("offered_value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("offered_source", sa.Text(), nullable=False),
        sa.Column("offered_on", sa.Date(), nullable=False),
        sa.Column("offered_by", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('household', 'individual')", name=op.f("ck_conflicts_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflicts")),
    )
    op.create_index("ix_conflicts_held_source_id", "conflicts", ["held_source", "id"], unique=False)
    op.create_index("ix_conflicts_offered_source_id", "conflicts", ["offered_source", "id"], unique=False)
    op.create_index(
        "uq_conflicts_open",
        "conflicts",
        ["record_id", "field", "offered_source"],
        unique=True,
        postgresql_where="settled_at IS NULL",
    )
    op.create_table(
        "past_states",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("true_from", sa.Date(), nullable=False),
        sa.Column("known_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("true_until", sa.Date(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_on", sa.Date(), nullable=False),
        sa.Column("sources", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('household', 'individual')", name=op.f("ck_past_states_kind")),
        sa.CheckConstraint("true_until > true_from", name=op.f("ck_past_states_true_for_a_while")),
        sa.CheckConstraint("true_until IS NOT NULL OR known_until IS NOT NULL", name=op.f("ck_past_states_is_past")),
        sa.PrimaryKeyConstraint("record_id", "known_from", "true_from", name=op.f("pk_past_states")),
    )
    op.create_index("ix_past_states_change_id", "past_states", ["change_id"], unique=False)
    op.add_column("households", sa.Column("score_inputs_hash", sa.LargeBinary(), nullable=True))
    op.add_column(
        "households", sa.Column("scored_on", sa.Date(), nullable=False, server_default=sa.text("CURRENT_DATE"))
    )
    op.add_column("households", sa.Column("score_valid_until", sa.Date(), nullable=True))
    op.add_column("households", sa.Column("questionnaire_version", sa.Text(), nullable=True))
    op.add_column(
        "households",
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default=sa.text("'{}'")),
    )
    op.add_column("households", sa.Column("status", sa.Text(), nullable=False, server_default=sa.text("'active'")))
    op.add_column("households", sa.Column("left_reason", sa.Text(), nullable=True))
    op.add_column("households", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.add_column(
        "households", sa.Column("true_from", sa.Date(), nullable=False, server_default=sa.text("CURRENT_DATE"))
    )
    op.add_column(
        "households",
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    )
    op.add_column(
        "households",
        sa.Column(
            "change_id", sa.Uuid(), nullable=False, server_default=sa.text("'00000000-0000-0000-0000-000000000000'")
        ),
    )
    op.add_column(
        "households", sa.Column("source", sa.Text(), nullable=False, server_default=sa.text("'registry_survey'"))
    )
    op.add_column(
        "households", sa.Column("source_on", sa.Date(), nullable=False, server_default=sa.text("CURRENT_DATE"))
    )
    op.add_column(
        "households",
        sa.Column("sources", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default=sa.text("'{}'")),
    )
    op.create_index("ix_households_change_id", "households", ["change_id"], unique=False)
    op.create_index("ix_households_phones", "households", ["phones"], unique=False, postgresql_using="gin")
    op.create_foreign_key(
        op.f("fk_households_merged_into_households"), "households", "households", ["merged_into"], ["id"]
    )
    op.add_column(
        "identifiers", sa.Column("id", sa.Uuid(), nullable=False, server_default=sa.text("gen_random_uuid()"))
    )
    op.add_column("identifiers", sa.Column("grade", sa.Text(), nullable=False, server_default=sa.text("'declared'")))
    op.add_column(
        "identifiers",
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    )
    op.add_column("identifiers", sa.Column("known_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "identifiers",
        sa.Column(
            "change_id", sa.Uuid(), nullable=False, server_default=sa.text("'00000000-0000-0000-0000-000000000000'")
        ),
    )
    op.add_column("identifiers", sa.Column("ended_by", sa.Uuid(), nullable=True))
    op.drop_constraint("pk_identifiers", "identifiers")
    op.create_primary_key("pk_identifiers", "identifiers", ["id"])
    op.create_index(
        "uq_identifiers_current",
        "identifiers",
        ["individual_id", "type", "value"],
        unique=True,
        postgresql_where="known_until IS NULL",
    )
    op.alter_column("identifiers", "check_holds", nullable=True)
    op.add_column("individuals", sa.Column("questionnaire_version", sa.Text(), nullable=True))
    op.add_column(
        "individuals",
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default=sa.text("'{}'")),
    )
    op.add_column("individuals", sa.Column("status", sa.Text(), nullable=False, server_default=sa.text("'active'")))
    op.add_column("individuals", sa.Column("died_on", sa.Date(), nullable=True))
    op.add_column("individuals", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.add_column(
        "individuals", sa.Column("true_from", sa.Date(), nullable=False, server_default=sa.text("CURRENT_DATE"))
    )
    op.add_column(
        "individuals",
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    )
    op.add_column(
        "individuals",
        sa.Column(
            "change_id", sa.Uuid(), nullable=False, server_default=sa.text("'00000000-0000-0000-0000-000000000000'")
        ),
    )
    op.add_column(
        "individuals", sa.Column("source", sa.Text(), nullable=False, server_default=sa.text("'registry_survey'"))
    )
    op.add_column(
        "individuals", sa.Column("source_on", sa.Date(), nullable=False, server_default=sa.text("CURRENT_DATE"))
    )
    op.add_column(
        "individuals",
        sa.Column("sources", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default=sa.text("'{}'")),
    )
    op.create_index("ix_individuals_change_id", "individuals", ["change_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_individuals_merged_into_individuals"), "individuals", "individuals", ["merged_into"], ["id"]
    )
    op.add_column(
        "memberships",
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    )
    op.add_column("memberships", sa.Column("known_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "memberships",
        sa.Column(
            "change_id", sa.Uuid(), nullable=False, server_default=sa.text("'00000000-0000-0000-0000-000000000000'")
        ),
    )
    op.add_column("memberships", sa.Column("ended_by", sa.Uuid(), nullable=True))
    op.create_index("ix_memberships_household_id", "memberships", ["household_id"], unique=False)
    op.drop_index("uq_memberships_current", table_name="memberships")
    op.create_index(
        "uq_memberships_current",
        "memberships",
        ["household_id", "individual_id"],
        unique=True,
        postgresql_where="until_on IS NULL AND known_until IS NULL",
    )
    _check("households", "status", "status IN ('active', 'left', 'merged')")
    _check("households", "merged_into_another", "(status = 'merged') = (merged_into IS NOT NULL)")
    _check("individuals", "status", "status IN ('active', 'deceased', 'left', 'merged')")
    _check("individuals", "merged_into_another", "(status = 'merged') = (merged_into IS NOT NULL)")
    _check("individuals", "died", "(status = 'deceased') = (died_on IS NOT NULL)")
    _check("identifiers", "grade", "grade IN ('verified', 'check_holds', 'declared', 'check_failed')")
    _carry_over()


def _check(table: str, name: str, condition: str) -> None:
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def _carry_over() -> None:
    """What is held already: known since it was announced, true since its survey."""
    op.execute("""
        INSERT INTO changes (id, kind, made_at, made_by, source)
        SELECT batch_id, 'import', min(changed_at), min(changed_by), 'registry_survey' FROM history GROUP BY batch_id
    """)
    for table in ("households", "individuals"):
        op.execute(f"""
            UPDATE {table} SET change_id = history.batch_id, known_from = history.changed_at FROM history
            WHERE history.aggregate_id = {table}.id AND history.version = {table}.version
        """)  # noqa: S608 - table names of ours
    op.execute("UPDATE households SET true_from = surveyed_on, scored_on = surveyed_on, source_on = surveyed_on")
    op.execute("""
        UPDATE individuals SET true_from = first.from_on, source_on = first.from_on
        FROM (SELECT individual_id, min(from_on) AS from_on FROM memberships GROUP BY individual_id) first
        WHERE first.individual_id = individuals.id
    """)
    for table in ("memberships", "identifiers"):
        op.execute(f"""
            UPDATE {table} SET change_id = individuals.change_id, known_from = individuals.known_from
            FROM individuals WHERE individuals.id = {table}.individual_id
        """)  # noqa: S608 - table names of ours
    op.execute("UPDATE identifiers SET grade = CASE WHEN check_holds THEN 'check_holds' ELSE 'check_failed' END")


ADDED = {
    "memberships": ("known_from", "known_until", "change_id", "ended_by"),
    "identifiers": ("id", "grade", "known_from", "known_until", "change_id", "ended_by"),
    "individuals": (
        "questionnaire_version", "answers", "status", "died_on", "merged_into", "true_from", "known_from", "change_id",
        "source", "source_on", "sources",
    ),
    "households": (
        "score_inputs_hash", "scored_on", "score_valid_until", "questionnaire_version", "answers", "status",
        "left_reason", "merged_into", "true_from", "known_from", "change_id", "source", "source_on", "sources",
    ),
}  # fmt: skip


def downgrade() -> None:
    """Back to one clock: what is believed today stays, everything that was once believed goes."""
    op.execute("DELETE FROM memberships WHERE known_until IS NOT NULL")
    op.execute("DELETE FROM identifiers WHERE known_until IS NOT NULL")
    op.execute("UPDATE identifiers SET check_holds = grade <> 'check_failed'")
    op.drop_index("uq_memberships_current", table_name="memberships")
    op.create_index(
        "uq_memberships_current",
        "memberships",
        ["household_id", "individual_id"],
        unique=True,
        postgresql_where="until_on IS NULL",
    )
    op.drop_index("ix_memberships_household_id", table_name="memberships")
    op.drop_index("ix_households_phones", table_name="households")
    op.drop_constraint("pk_identifiers", "identifiers")
    op.create_primary_key("pk_identifiers", "identifiers", ["individual_id", "type", "value"])
    op.alter_column("identifiers", "check_holds", nullable=False)
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column)  # with its checks, keys and indexes
    for table in ("past_states", "conflicts", "changes"):
        op.drop_table(table)
