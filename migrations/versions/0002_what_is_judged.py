"""What is judged: which deals count, for whom, and what was thought of each client."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables, and the indexes that tell what was seen since."""
    op.create_table(
        "backtests",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("settings_hash", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_backtests")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "client_members",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("representative", sa.BigInteger(), nullable=False),
        sa.Column("joined_with", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "contact_id", name=op.f("pk_client_members")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contact_points",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "contact_id", "kind", "value", name=op.f("pk_contact_points")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_contact_points_account_id_kind_value"),
        "contact_points",
        ["account_id", "kind", "value"],
        unique=False,
    )
    op.create_table(
        "counted_deals",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "lead_id", name=op.f("pk_counted_deals")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_counted_deals_account_id_client_day_amount"),
        "counted_deals",
        ["account_id", "client", "day", "amount"],
        unique=False,
    )
    op.create_table(
        "judgement_log",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("scoring_id", sa.BigInteger(), nullable=False),
        sa.Column("r", sa.BigInteger(), nullable=False),
        sa.Column("f", sa.BigInteger(), nullable=False),
        sa.Column("m", sa.BigInteger(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("stage_since", sa.BigInteger(), nullable=False),
        sa.Column("flagged", sa.BigInteger(), nullable=False),
        sa.Column("p_alive", sa.Double(), nullable=False),
        sa.Column("silence_quantile", sa.Double(), nullable=False),
        sa.Column("p_no_purchase", sa.Double(), nullable=False),
        sa.Column("expected_purchases", sa.Double(), nullable=False),
        sa.Column("expected_loss", sa.BigInteger(), nullable=False),
        sa.Column("ltv", sa.BigInteger(), nullable=False),
        sa.Column("clv", sa.BigInteger(), nullable=False),
        sa.Column("clv_low", sa.BigInteger(), nullable=False),
        sa.Column("clv_high", sa.BigInteger(), nullable=False),
        sa.Column("next_low", sa.BigInteger(), nullable=True),
        sa.Column("next_mid", sa.BigInteger(), nullable=True),
        sa.Column("next_high", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("data_hash", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "client", "as_of", "scoring_id", name=op.f("pk_judgement_log")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "judgements",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("scoring_id", sa.BigInteger(), nullable=False),
        sa.Column("r", sa.BigInteger(), nullable=False),
        sa.Column("f", sa.BigInteger(), nullable=False),
        sa.Column("m", sa.BigInteger(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("stage_since", sa.BigInteger(), nullable=False),
        sa.Column("flagged", sa.BigInteger(), nullable=False),
        sa.Column("p_alive", sa.Double(), nullable=False),
        sa.Column("silence_quantile", sa.Double(), nullable=False),
        sa.Column("p_no_purchase", sa.Double(), nullable=False),
        sa.Column("expected_purchases", sa.Double(), nullable=False),
        sa.Column("expected_loss", sa.BigInteger(), nullable=False),
        sa.Column("ltv", sa.BigInteger(), nullable=False),
        sa.Column("clv", sa.BigInteger(), nullable=False),
        sa.Column("clv_low", sa.BigInteger(), nullable=False),
        sa.Column("clv_high", sa.BigInteger(), nullable=False),
        sa.Column("next_low", sa.BigInteger(), nullable=True),
        sa.Column("next_mid", sa.BigInteger(), nullable=True),
        sa.Column("next_high", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("data_hash", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "client", name=op.f("pk_judgements")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "scorings",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("settings_hash", sa.Text(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("clients", sa.BigInteger(), nullable=False),
        sa.Column("data_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_scorings")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "scorings_state",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leads", sa.BigInteger(), nullable=True),
        sa.Column("contacts", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_scorings_state")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "summaries",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.Column("purchases", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("first_day", sa.BigInteger(), nullable=False),
        sa.Column("last_day", sa.BigInteger(), nullable=False),
        sa.Column("last_amount", sa.BigInteger(), nullable=False),
        sa.Column("data_hash", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.Column("standing", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "client", name=op.f("pk_summaries")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "terms",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "day", name=op.f("pk_terms")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "touched_clients",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "client", name=op.f("pk_touched_clients")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_contacts_account_id_seen_at_id"),
        "contacts",
        ["account_id", "seen_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_leads_account_id_seen_at_id"),
        "leads",
        ["account_id", "seen_at", "id"],
        unique=False,
    )


def downgrade() -> None:
    """Remove them, with all that is in them."""
    op.drop_index(op.f("ix_leads_account_id_seen_at_id"), table_name="leads")
    op.drop_index(op.f("ix_contacts_account_id_seen_at_id"), table_name="contacts")
    op.drop_table("touched_clients")
    op.drop_table("terms")
    op.drop_table("summaries")
    op.drop_table("scorings_state")
    op.drop_table("scorings")
    op.drop_table("judgements")
    op.drop_table("judgement_log")
    op.drop_index(
        op.f("ix_counted_deals_account_id_client_day_amount"),
        table_name="counted_deals",
    )
    op.drop_table("counted_deals")
    op.drop_index(
        op.f("ix_contact_points_account_id_kind_value"), table_name="contact_points"
    )
    op.drop_table("contact_points")
    op.drop_table("client_members")
    op.drop_table("backtests")
