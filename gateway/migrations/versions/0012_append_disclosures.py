"""rows into the chain in one statement"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Each statement of a function reads what was committed when it began (READ COMMITTED): after the lock, that is all of it.
# Who is known is looked up one by one (LATERAL): a plan that joins reads everybody of the month for each batch.
# A shape is the canonical form of a row with places for what only the end of the chain knows.
APPEND = """
CREATE FUNCTION append_disclosures(
    kinds text[], named text[], numbers text[], new_keys bytea[], new_commitments bytea[],
    shapes text[], shape_of int[], official_of int[], subject_of int[], requests text[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    head disclosure_head;
    now_here timestamptz;
    this_month date;
    commitments bytea[];
    some_new boolean;
    some_renumbered boolean;
    last_hash bytea;
    hashes bytea[] := '{}';
BEGIN
    SELECT * INTO STRICT head FROM disclosure_head FOR UPDATE;
    now_here := clock_timestamp();
    this_month := date_trunc('month', now_here AT TIME ZONE 'UTC');

    SELECT array_agg(coalesce(known.commitment, wanted.commitment) ORDER BY wanted.place),
        bool_or(known.commitment IS NULL), bool_or(wanted.number <> '' AND wanted.number <> known.number)
    INTO commitments, some_new, some_renumbered
    FROM unnest(kinds, named, numbers, new_commitments) WITH ORDINALITY AS wanted (kind, reference, number, commitment, place)
    LEFT JOIN LATERAL (
        SELECT party.commitment, party.number FROM disclosure_parties AS party
        WHERE party.kind = wanted.kind AND party.reference = wanted.reference AND party.month = this_month LIMIT 1
    ) AS known ON true;
    IF some_new THEN
        INSERT INTO disclosure_parties (commitment, month, kind, reference, key, number)
        SELECT wanted.commitment, this_month, wanted.kind, wanted.reference, wanted.key, wanted.number
        FROM unnest(kinds, named, numbers, new_keys, new_commitments) WITH ORDINALITY
            AS wanted (kind, reference, number, key, commitment, place)
        WHERE commitments[wanted.place] = wanted.commitment;
    END IF;
    IF some_renumbered THEN
        UPDATE disclosure_parties AS known SET number = told.number
        FROM unnest(commitments, numbers) AS told (commitment, number)
        WHERE known.commitment = told.commitment AND told.number NOT IN ('', known.number);
    END IF;

    last_hash := head.hash;
    FOR place IN 1 .. cardinality(shape_of) LOOP
        last_hash := sha256(convert_to(format(
            shapes[shape_of[place]],
            (extract(epoch FROM now_here) * 1000000)::bigint,
            coalesce(encode(commitments[official_of[place]], 'hex'), ''),
            head.position + place,
            encode(last_hash, 'hex'),
            requests[place],
            coalesce(encode(commitments[subject_of[place]], 'hex'), '')
        ), 'UTF8'));
        hashes[place] := last_hash;
    END LOOP;

    WITH shape AS MATERIALIZED (
        SELECT place, told->>'partner' AS partner, told->>'case' AS "case", told->>'purpose' AS purpose,
            told->>'legal_basis' AS legal_basis, told->>'agreement' AS agreement, (told->>'version')::int AS version,
            told->>'subject_kind' AS subject_kind, (told->>'subjects')::int AS subjects,
            ARRAY(SELECT jsonb_array_elements_text(told->'attributes')) AS attributes, told->>'decision' AS decision,
            told->>'code' AS code, told->>'break_glass' AS break_glass, told->>'route' AS route
        FROM (
            SELECT place, format(shape, 0, '', 0, '', '', '')::jsonb AS told
            FROM unnest(shapes) WITH ORDINALITY AS shapes (shape, place)
        ) AS read
    )
    INSERT INTO disclosures (
        position, at, partner, official, "case", purpose, legal_basis, agreement, version, subject_kind, subject, subjects,
        attributes, decision, code, break_glass, request, route, hash
    )
    SELECT head.position + row.place, now_here, shape.partner, coalesce(commitments[row.official], ''), shape."case",
        shape.purpose, shape.legal_basis, shape.agreement, shape.version, shape.subject_kind,
        coalesce(commitments[row.subject], ''), shape.subjects, shape.attributes, shape.decision, shape.code,
        shape.break_glass, row.request, shape.route, row.hash
    FROM unnest(shape_of, official_of, subject_of, requests, hashes) WITH ORDINALITY
        AS row (shape, official, subject, request, hash, place)
    JOIN shape ON shape.place = row.shape
    ORDER BY row.place;

    UPDATE disclosure_head SET position = head.position + cardinality(shape_of), hash = last_hash;
    RETURN head.position + cardinality(shape_of);
END $$;
"""


def upgrade() -> None:
    op.execute(APPEND)


def downgrade() -> None:
    op.execute("DROP FUNCTION append_disclosures")
