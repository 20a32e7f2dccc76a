"""The event triggers behind `events: true`."""

from __future__ import annotations

from pydantic import SecretStr

from .config import PostgresConfig
from .connection import Connector
from .failures import translated
from .watching import CHANNEL

_MAKE = f"""\
-- Tells whoever listens to the channel {CHANNEL} in which schemas something was changed. Needs a superuser.
create schema if not exists lumos;
comment on schema lumos is 'Event triggers of Lumos; lumos postgres setup --remove takes them away';

create or replace function lumos.tell_command() returns event_trigger language plpgsql
    set search_path = pg_catalog as $$
declare
    schemas text;
begin
    select json_agg(distinct schema_name)::text into schemas from pg_event_trigger_ddl_commands()
        where schema_name is not null and schema_name !~ '^pg_temp';
    if exists (select from pg_event_trigger_ddl_commands() where schema_name is null) or length(schemas) > 7000 then
        schemas := '';
    end if;
    if schemas is not null then
        perform pg_notify('{CHANNEL}', schemas);
    end if;
end $$;

create or replace function lumos.tell_drop() returns event_trigger language plpgsql
    set search_path = pg_catalog as $$
declare
    schemas text;
begin
    select json_agg(distinct schema_name)::text into schemas from pg_event_trigger_dropped_objects()
        where schema_name is not null and schema_name !~ '^pg_temp';
    if exists (select from pg_event_trigger_dropped_objects() where object_type = 'schema')
        or length(schemas) > 7000 then
        schemas := '';
    end if;
    if schemas is not null then
        perform pg_notify('{CHANNEL}', schemas);
    end if;
end $$;

drop event trigger if exists lumos_command;
create event trigger lumos_command on ddl_command_end execute function lumos.tell_command();
drop event trigger if exists lumos_drop;
create event trigger lumos_drop on sql_drop execute function lumos.tell_drop();
"""

_REMOVE = """\
drop event trigger if exists lumos_command;
drop event trigger if exists lumos_drop;
drop function if exists lumos.tell_command();
drop function if exists lumos.tell_drop();
drop schema if exists lumos;
"""


def statements(*, remove: bool = False) -> str:
    """Return the statements that make the event triggers, or that take them away."""
    return _REMOVE if remove else _MAKE


def apply(dsn: str, text: str) -> str:
    """Run statements in one transaction and return the name of the database.

    Raises:
        ConfigError: When the connection string cannot be read.
        LumosError: When the server cannot be reached or refuses; nothing was changed then.
    """
    connector = Connector(PostgresConfig(dsn=SecretStr(dsn)))
    connection = connector.connect()
    try:
        with translated("the event triggers cannot be set up", connector.redact), connection.transaction():
            connection.execute(text.encode())
            row = connection.execute("select current_database()").fetchone()
            assert row is not None
            return str(row[0])
    finally:
        connection.close()
