"""Tables that can only grow: the database itself refuses to change or remove a row, and notes each new one."""

from __future__ import annotations

from tortoise.backends.base.client import BaseDBAsyncClient

MESSAGE = "history is append-only"

SQLITE = f"""
CREATE TRIGGER "{{table}}_no_update" BEFORE UPDATE ON "{{table}}"
BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END;
CREATE TRIGGER "{{table}}_no_delete" BEFORE DELETE ON "{{table}}"
BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END;
CREATE TRIGGER "{{table}}_no_replace" BEFORE INSERT ON "{{table}}"
WHEN EXISTS (SELECT 1 FROM "{{table}}" WHERE {{same}})
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

SQLITE_QUEUE = """
CREATE TRIGGER "{table}_queued" AFTER INSERT ON "{table}"
BEGIN INSERT INTO "{queue}" ("{column}") VALUES (NEW."id"); END;
"""
POSTGRES_QUEUE = """
CREATE FUNCTION "queue_{table}"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO "{queue}" ("{column}") VALUES (NEW."id"); RETURN NULL; END $$;
CREATE TRIGGER "{table}_queued" AFTER INSERT ON "{table}" FOR EACH ROW EXECUTE FUNCTION "queue_{table}"();
"""


async def forbid_changes(client: BaseDBAsyncClient, table: str, *unique: tuple[str, ...]) -> None:
    """For migrations: `RunPython` hands over an editor whose `client` belongs here. `unique` names the columns that
    no two rows share: on SQLite INSERT OR REPLACE would else put a row in place of another from any connection."""
    same = " OR ".join(" AND ".join(f'"{each}" = NEW."{each}"' for each in columns) for columns in unique or (("id",),))
    script = SQLITE if client.capabilities.dialect == "sqlite" else POSTGRES
    await client.execute_script(script.format(table=table, same=same))


async def queue_new(client: BaseDBAsyncClient, table: str, queue: str, column: str, order: tuple[str, ...]) -> None:
    """For migrations: the key of every row of `table` into `queue`, first those there are, in `order`."""
    script = SQLITE_QUEUE if client.capabilities.dialect == "sqlite" else POSTGRES_QUEUE
    ordered = ", ".join(f'"{each}"' for each in order)
    await client.execute_script(f'INSERT INTO "{queue}" ("{column}") SELECT "id" FROM "{table}" ORDER BY {ordered};')
    await client.execute_script(script.format(table=table, queue=queue, column=column))
