"""What is kept: the records of the CRM, and what a sync must remember."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of a new database."""
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("subdomain", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("current_user_id", sa.BigInteger(), nullable=False),
        sa.Column("task_types", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_accounts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "companies",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("responsible_user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("field_values", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_companies")),
        sqlite_with_rowid=True,
    )
    op.create_table(
        "connections",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("subdomain", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("token_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("connected_at", sa.BigInteger(), nullable=False),
        sa.Column("access", sa.Text(), nullable=False),
        sa.Column("refresh", sa.Text(), nullable=True),
        sa.Column("previous_refresh", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_connections")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contacts",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("responsible_user_id", sa.BigInteger(), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=True),
        sa.Column("is_unsorted", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("field_values", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_contacts")),
        sqlite_with_rowid=True,
    )
    op.create_index(
        op.f("ix_contacts_account_id_company_id"),
        "contacts",
        ["account_id", "company_id"],
        unique=False,
    )
    op.create_table(
        "crm_counts",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "name", name=op.f("pk_crm_counts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cursors",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("watermark", sa.BigInteger(), nullable=True),
        sa.Column("walk_kind", sa.Text(), nullable=True),
        sa.Column("walk_since", sa.BigInteger(), nullable=True),
        sa.Column("walk_until", sa.BigInteger(), nullable=True),
        sa.Column("walk_started", sa.BigInteger(), nullable=True),
        sa.Column("page", sa.BigInteger(), nullable=False),
        sa.Column("ahead", sa.Text(), nullable=False),
        sa.Column("limit", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("full_at", sa.BigInteger(), nullable=True),
        sa.Column("synced_at", sa.BigInteger(), nullable=True),
        sa.Column("doubts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "part", name=op.f("pk_cursors")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "custom_fields",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entity_type", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("sort", sa.BigInteger(), nullable=False),
        sa.Column("enums", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "entity_type", "id", name=op.f("pk_custom_fields")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "events",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("entity_type", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_events")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_events_account_id_entity_type_entity_id"),
        "events",
        ["account_id", "entity_type", "entity_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_events_account_id_type_created_at"),
        "events",
        ["account_id", "type", "created_at"],
        unique=False,
    )
    op.create_table(
        "lead_contacts",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "lead_id", "contact_id", name=op.f("pk_lead_contacts")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_lead_contacts_account_id_contact_id"),
        "lead_contacts",
        ["account_id", "contact_id"],
        unique=False,
    )
    op.create_table(
        "leads",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("status_id", sa.BigInteger(), nullable=False),
        sa.Column("pipeline_id", sa.BigInteger(), nullable=False),
        sa.Column("responsible_user_id", sa.BigInteger(), nullable=False),
        sa.Column("loss_reason_id", sa.BigInteger(), nullable=True),
        sa.Column("main_contact_id", sa.BigInteger(), nullable=True),
        sa.Column("company_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_ids", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("field_values", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_leads")),
        sqlite_with_rowid=True,
    )
    op.create_index(
        op.f("ix_leads_account_id_company_id"),
        "leads",
        ["account_id", "company_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_leads_account_id_main_contact_id"),
        "leads",
        ["account_id", "main_contact_id"],
        unique=False,
    )
    op.create_table(
        "leases",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "job", name=op.f("pk_leases")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "loss_reasons",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sort", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_loss_reasons")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "merges",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("loser", sa.BigInteger(), nullable=False),
        sa.Column("winner", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "part", "loser", name=op.f("pk_merges")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notes",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entity_type", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=False),
        sa.Column("note_type", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "entity_type", "id", name=op.f("pk_notes")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_notes_account_id_entity_type_entity_id"),
        "notes",
        ["account_id", "entity_type", "entity_id"],
        unique=False,
    )
    op.create_table(
        "pipelines",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sort", sa.BigInteger(), nullable=False),
        sa.Column("is_main", sa.Boolean(), nullable=False),
        sa.Column("is_archive", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_pipelines")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "request_slots",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("egress", sa.Text(), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("blocked_from", sa.Double(), nullable=False),
        sa.Column("blocked_until", sa.Double(), nullable=False),
        sa.Column("refusals", sa.BigInteger(), nullable=False),
        sa.Column("clean_since", sa.Double(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("wanted_0", sa.Double(), nullable=False),
        sa.Column("wanted_1", sa.Double(), nullable=False),
        sa.Column("wanted_2", sa.Double(), nullable=False),
        sa.Column("wanted_3", sa.Double(), nullable=False),
        sa.Column("wanted_4", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "egress", name=op.f("pk_request_slots")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "runs",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_runs")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stages",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pipeline_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sort", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "pipeline_id", "id", name=op.f("pk_stages")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tasks",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("entity_type", sa.Text(), nullable=True),
        sa.Column("entity_id", sa.BigInteger(), nullable=True),
        sa.Column("responsible_user_id", sa.BigInteger(), nullable=False),
        sa.Column("task_type_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("is_completed", sa.Boolean(), nullable=False),
        sa.Column("complete_till", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_tasks")),
        sqlite_with_rowid=True,
    )
    op.create_index(
        op.f("ix_tasks_account_id_entity_type_entity_id"),
        "tasks",
        ["account_id", "entity_type", "entity_id"],
        unique=False,
    )
    op.create_table(
        "tombstones",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "part", "id", name=op.f("pk_tombstones")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "users",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_users")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Remove them, with all that is in them."""
    op.drop_table("users")
    op.drop_table("tombstones")
    op.drop_index(op.f("ix_tasks_account_id_entity_type_entity_id"), table_name="tasks")
    op.drop_table("tasks")
    op.drop_table("stages")
    op.drop_table("runs")
    op.drop_table("request_slots")
    op.drop_table("pipelines")
    op.drop_index(op.f("ix_notes_account_id_entity_type_entity_id"), table_name="notes")
    op.drop_table("notes")
    op.drop_table("merges")
    op.drop_table("loss_reasons")
    op.drop_table("leases")
    op.drop_index(op.f("ix_leads_account_id_main_contact_id"), table_name="leads")
    op.drop_index(op.f("ix_leads_account_id_company_id"), table_name="leads")
    op.drop_table("leads")
    op.drop_index(
        op.f("ix_lead_contacts_account_id_contact_id"), table_name="lead_contacts"
    )
    op.drop_table("lead_contacts")
    op.drop_index(op.f("ix_events_account_id_type_created_at"), table_name="events")
    op.drop_index(
        op.f("ix_events_account_id_entity_type_entity_id"), table_name="events"
    )
    op.drop_table("events")
    op.drop_table("custom_fields")
    op.drop_table("cursors")
    op.drop_table("crm_counts")
    op.drop_index(op.f("ix_contacts_account_id_company_id"), table_name="contacts")
    op.drop_table("contacts")
    op.drop_table("connections")
    op.drop_table("companies")
    op.drop_table("accounts")
