"""Tables that can only grow: the database itself refuses to change or remove a row."""

from __future__ import annotations

from tortoise.backends.base.client import BaseDBAsyncClient

MESSAGE = "history is append-only"

# INSERT OR REPLACE fires the DELETE trigger only because domain/database.py sets recursive_triggers.
SQLITE = f"""
CREATE TRIGGER "{{table}}_no_update" BEFORE UPDATE ON "{{table}}"
BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END;
CREATE TRIGGER "{{table}}_no_delete" BEFORE DELETE ON "{{table}}"
BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END;
"""

# The error code makes it tortoise's IntegrityError, as it is on SQLite.
POSTGRES = f"""
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$;
CREATE TRIGGER "{{table}}_no_change" BEFORE UPDATE OR DELETE ON "{{table}}"
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER "{{table}}_no_truncate" BEFORE TRUNCATE ON "{{table}}"
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


async def forbid_changes(client: BaseDBAsyncClient, table: str) -> None:
    """For migrations: `RunPython` hands over an editor whose `client` belongs here."""
    script = SQLITE if client.capabilities.dialect == "sqlite" else POSTGRES
    await client.execute_script(script.format(table=table))
