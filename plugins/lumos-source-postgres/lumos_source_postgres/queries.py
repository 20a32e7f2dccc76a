"""The catalog queries: a handful per database, whatever the number of its tables.

Each relation is one row. What belongs to it (columns, keys, comments, grants) comes as JSON text that the server puts
together from index ranges of its catalogs, so that the client decodes some kilobytes at once instead of fetching
twenty rows, and the server holds nothing back: the row of one relation is sent while the next is made.

Everything here works from PostgreSQL 12 on. `%(name)s` are parameters of the query, `{name}` parts of its text that
depend on the version.
"""

from __future__ import annotations

SETTINGS = """
select set_config('search_path', 'pg_catalog', true), set_config('DateStyle', 'ISO', true),
    set_config('IntervalStyle', 'postgres', true), set_config('TimeZone', 'UTC', true),
    set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '1', true),
    set_config('quote_all_identifiers', 'off', true), set_config('cursor_tuple_fraction', '1', true),
    set_config('client_encoding', 'UTF8', true), set_config('jit', 'off', true),
    set_config('statement_timeout', %(statement)s, true), set_config('lock_timeout', %(lock)s, true),
    set_config('idle_in_transaction_session_timeout', '0', true)
"""
"""What the texts that PostgreSQL makes of expressions depend on is fixed: names are qualified, times are UTC."""

IDENTITY = """
select current_database(), current_setting('server_version_num')::int,
    has_function_privilege('pg_catalog.pg_control_system()', 'execute')
    and has_function_privilege('pg_catalog.pg_control_checkpoint()', 'execute')
"""

DATABASES = """
select datname::text, has_database_privilege(oid, 'connect') and datallowconn
from pg_database where not datistemplate order by datname
"""

DIRECTORY = """
select json_build_object(
    'database', (select json_build_array(d.datdba::int8, shobj_description(d.oid, 'pg_database'),
        pg_encoding_to_char(d.encoding), d.datcollate, d.datctype,
        (select json_agg(json_build_array(x.grantee::int8, x.privilege_type, x.is_grantable, x.grantor::int8))
         from aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x))
        from pg_database d where d.datname = current_database()),
    'extensions', (select json_agg(json_build_array(extname, extversion) order by extname) from pg_extension),
    'schemas', (select json_agg(json_build_array(n.oid::int8, n.nspname, n.nspowner::int8,
        obj_description(n.oid, 'pg_namespace'),
        (select json_agg(json_build_array(x.grantee::int8, x.privilege_type, x.is_grantable, x.grantor::int8))
         from aclexplode(n.nspacl) x)))
        from pg_namespace n where n.nspname !~ '^pg_(temp|toast)'),
    'roles', (select json_agg(json_build_array(r.oid::int8, r.rolname, r.rolcanlogin, r.rolsuper,
        shobj_description(r.oid, 'pg_authid'),
        (select json_agg(m.roleid::int8) from pg_auth_members m where m.member = r.oid)))
        from pg_roles r),
    'methods', (select json_agg(json_build_array(oid::int8, amname)) from pg_am),
    'tablespaces', (select json_agg(json_build_array(oid::int8, spcname)) from pg_tablespace),
    'comments', (select json_agg(json_build_array(d.objoid::int8, d.description)) from pg_description d
        where d.objsubid = 0 and (d.classoid = 'pg_constraint'::regclass or d.classoid = 'pg_policy'::regclass
            or d.classoid = 'pg_class'::regclass and d.objoid in (select indexrelid from pg_index))),
    'subpartitions', (select json_agg(json_build_array(c.oid::int8, p.partstrat::text, (
            select json_agg(a.attname order by u.place)
            from unnest(p.partattrs::int2[]) with ordinality u(number, place)
            left join pg_attribute a on a.attrelid = c.oid and a.attnum = u.number and u.number > 0),
            pg_get_expr(p.partexprs, p.partrelid)) order by c.oid)
        from pg_partitioned_table p join pg_class c on c.oid = p.partrelid where c.relispartition),
    'inherits', (select json_agg(json_build_array(i.inhrelid::int8, i.inhparent::int8) order by i.inhrelid, i.inhseqno)
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where not c.relispartition and c.relkind in ('r', 'f')),
    'sequences', (select json_agg(json_build_array(c.oid::int8, c.relnamespace::int8, c.relname, c.relowner::int8,
        d.refobjid::int8, d.refobjsubid, format_type(s.seqtypid, null), s.seqstart::text, s.seqincrement::text,
        s.seqmin::text, s.seqmax::text, s.seqcycle, obj_description(c.oid, 'pg_class'),
        (select json_agg(json_build_array(x.grantee::int8, x.privilege_type, x.is_grantable, x.grantor::int8))
         from aclexplode(c.relacl) x)))
        from pg_sequence s join pg_class c on c.oid = s.seqrelid
        left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
            and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')
        where c.relpersistence <> 't')
)::text
"""

TYPES = """
with used as materialized (
    select distinct atttypid, atttypmod from pg_attribute where attnum > 0 and not attisdropped
), wanted as materialized (
    select t.*, k.relkind from pg_type t
    left join pg_type e on e.oid = t.typelem
    left join pg_class k on k.oid = coalesce(nullif(t.typrelid, 0), e.typrelid)
    where k.oid is null or k.relkind = 'c'
        or t.oid in (select atttypid from used)
        or t.oid in (select a.typelem from pg_type a join used u on u.atttypid = a.oid)
)
select json_build_object(
    'names', (select json_agg(json_build_array(atttypid::int8, atttypmod, format_type(atttypid, atttypmod))) from used),
    'types', (select json_agg(json_build_array(t.oid::int8, n.nspname, t.typname, t.typtype::text,
        case when t.typlen = -1 and t.typelem <> 0 and t.typcategory = 'A' then t.typelem::int8 else 0 end,
        t.typbasetype::int8, t.typtypmod, t.typnotnull, t.typcollation::int8,
        case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end))
        from wanted t join pg_namespace n on n.oid = t.typnamespace),
    'labels', (select json_agg(json_build_array(enumtypid::int8, labels)) from
        (select enumtypid, json_agg(enumlabel order by enumsortorder) as labels from pg_enum group by enumtypid) e),
    'members', (select json_agg(json_build_array(t.oid::int8, members)) from wanted t cross join lateral
        (select json_agg(json_build_array(a.attname, a.atttypid::int8, a.atttypmod, a.attcollation::int8,
            (select d.description from pg_description d where d.classoid = 'pg_class'::regclass
                and d.objoid = a.attrelid and d.objsubid = a.attnum)) order by a.attnum) as members
         from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) m
        where t.typtype = 'c'),
    'checks', (select json_agg(json_build_array(contypid::int8, conname, pg_get_constraintdef(oid)) order by conname)
        from pg_constraint where contypid <> 0 and contype = 'c'),
    'collations', (select json_agg(json_build_array(c.oid::int8, n.nspname, c.collname))
        from pg_collation c join pg_namespace n on n.oid = c.collnamespace
        where n.nspname <> 'pg_catalog' or c.oid in (select distinct attcollation from pg_attribute)
            or c.oid in (select typcollation from pg_type))
)::text
"""

LISTING = """
select json_build_array(c.oid::int8, c.relnamespace::int8, c.relname, c.relkind::text,
    case when c.relispartition then h.inhparent::int8 end, c.reltuples::int8,
    c.relpages::int8 + coalesce(t.relpages, 0) + coalesce(i.pages, 0),
    to_char(greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid),
        pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid)) at time zone 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS"Z"'))::text
from pg_class c
left join pg_inherits h on h.inhrelid = c.oid and c.relispartition
left join pg_class t on t.oid = c.reltoastrelid and c.reltoastrelid <> 0
left join (select x.indrelid, sum(k.relpages)::int8 as pages from pg_index x join pg_class k on k.oid = x.indexrelid
    group by x.indrelid) i on i.indrelid = c.oid
where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't'
order by c.oid
"""
"""Every relation of the database, partitions with what they are a partition of; estimates, read without a lock."""

BLOCKED = """
with locked as (
    select distinct l.relation as oid, format('%%I.%%I', n.nspname, c.relname) as name
    from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
    where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.pid <> pg_backend_pid()
        and l.database = (select oid from pg_database where datname = current_database())
)
select r.ev_class::int8, min(locked.name) from locked
join pg_depend d on d.refobjid = locked.oid and d.refclassid = 'pg_class'::regclass
    and d.classid = 'pg_rewrite'::regclass
join pg_rewrite r on r.oid = d.objid and r.rulename = '_RETURN' group by r.ev_class
union all
select locked.oid::int8, locked.name from locked join pg_class c on c.oid = locked.oid
where %(expressions)s and c.relkind in ('r', 'p', 'f')
"""
"""Relations whose texts would wait for a lock: a view waits for what it reads, and for itself."""

STARTED = """select to_char(pg_postmaster_start_time() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""

RELATIONS = """
select json_build_object(
    'oid', c.oid::int8, 'kind', c.relkind::text, 'owner', c.relowner::int8, 'method', c.relam::int8,
    'space', c.reltablespace::int8, 'options', c.reloptions, 'persistence', c.relpersistence::text,
    'row_security', c.relrowsecurity, 'forced', c.relforcerowsecurity, 'populated', c.relispopulated,
    'acl', case when c.relacl is not null then (select json_agg(json_build_array(
        x.grantee::int8, x.privilege_type, x.is_grantable, x.grantor::int8)) from aclexplode(c.relacl) x) end,
    'columns', (select json_build_array(array_agg(a.attnum), array_agg(a.attname::text), array_agg(a.atttypid::int8),
            array_agg(a.atttypmod), array_agg(a.attnotnull), array_agg(a.attidentity::text || a.attgenerated::text),
            array_agg(a.attcollation::int8), case when bool_or(a.attacl is not null) then array_agg(
                case when a.attacl is not null then (select json_agg(json_build_array(
                    x.grantee::int8, x.privilege_type, x.is_grantable, x.grantor::int8)) from aclexplode(a.attacl) x)
                end) end)
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    'defaults', (select json_agg(json_build_array(adnum, pg_get_expr(adbin, adrelid)))
        from pg_attrdef where adrelid = c.oid),
    'comments', (select json_agg(json_build_array(objsubid, description)) from pg_description
        where classoid = 'pg_class'::regclass and objoid = c.oid),
    'constraints', (select json_agg(json_build_array(k.oid::int8, k.conname, k.contype::text, k.conkey,
            k.confrelid::int8, case when k.contype = 'f' then (
                select json_agg(a.attname order by u.place) from unnest(k.confkey) with ordinality u(number, place)
                join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.number) end,
            k.confupdtype::text, k.confdeltype::text, k.condeferrable, k.condeferred, k.convalidated,
            k.conindid::int8, case when k.contype in ('c', 'x') {nulls} then pg_get_constraintdef(k.oid) end))
        from pg_constraint k where k.conrelid = c.oid and k.conparentid = 0 and k.contype in ('p', 'u', 'f', 'c', 'x')),
    'indexes', (select json_agg(json_build_array(i.indexrelid::int8, x.relname, i.indisunique, i.indkey::int2[],
            i.indnkeyatts, case when x.relam <> 403 or i.indexprs is not null or i.indpred is not null {distinct}
                or i.indnatts <> i.indnkeyatts or not 0 = all(i.indoption::int2[])
                or exists (select from pg_opclass o where o.oid = any(i.indclass::oid[]) and not o.opcdefault)
            then pg_get_indexdef(i.indexrelid) end, i.indisvalid))
        from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = c.oid and not i.indisprimary),
    'policies', (select json_agg(json_build_array(p.oid::int8, p.polname, p.polcmd::text, p.polpermissive,
            p.polroles::int8[], pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)))
        from pg_policy p where p.polrelid = c.oid),
    'definition', case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
    'upstreams', case when c.relkind in ('v', 'm') then (select json_agg(distinct d.refobjid::int8)
        from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
        where r.ev_class = c.oid and r.rulename = '_RETURN' and d.refclassid = 'pg_class'::regclass
            and d.refobjid <> c.oid) end,
    'partition', case when c.relkind = 'p' then (select json_build_array(p.partstrat::text, p.partattrs::int2[],
        pg_get_expr(p.partexprs, p.partrelid)) from pg_partitioned_table p where p.partrelid = c.oid) end,
    'foreign', case when c.relkind = 'f' then (select json_build_array(s.srvname, w.fdwname, f.ftoptions)
        from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver
        join pg_foreign_data_wrapper w on w.oid = s.srvfdw where f.ftrelid = c.oid) end
)::text
from pg_class c where {which}
"""
"""Everything about relations; the biggest catalogs are read by their index, a range per relation.

Nothing is sorted, so that a row is made when it is fetched. The text of a view takes a lock on what the view reads, so
that views are asked for apart.
"""

WHOLE = """c.relkind in ('r', 'p', 'f') and c.relpersistence <> 't' and not c.relispartition
    and c.relnamespace = any(%(schemas)s::oid[])"""
SOME = "c.oid = any(%(oids)s::oid[]) and c.relkind in ('r', 'p', 'v', 'm', 'f')"


def relations(version: int, which: str) -> str:
    """Return the query for relations of a server; `which` is `WHOLE` or `SOME`."""
    new = version >= 150000
    nulls = "or k.contype = 'u' and exists (select from pg_index n where n.indexrelid = k.conindid and {})"
    return RELATIONS.format(
        which=which,
        nulls=nulls.format("n.indnullsnotdistinct") if new else "",
        distinct="or i.indnullsnotdistinct" if new else "",
    )


_VERSIONS = (
    *("pg_namespace", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_index", "pg_type", "pg_enum", "pg_range"),
    *("pg_collation", "pg_description", "pg_shdescription", "pg_policy", "pg_rewrite", "pg_sequence", "pg_inherits"),
    *("pg_partitioned_table", "pg_foreign_table", "pg_foreign_server", "pg_foreign_data_wrapper", "pg_am"),
    *("pg_tablespace", "pg_extension", "pg_auth_members", "pg_proc", "pg_operator", "pg_opclass", "pg_depend"),
)
_TEMPORARY = "(select oid from pg_class where relpersistence = 't')"
_FILTERS = {
    "pg_namespace": "t.nspname !~ '^pg_(temp|toast)'",
    "pg_attribute": f"t.attrelid not in {_TEMPORARY}",
    "pg_attrdef": f"t.adrelid not in {_TEMPORARY}",
    "pg_constraint": f"t.conrelid not in {_TEMPORARY}",
    "pg_index": f"t.indrelid not in {_TEMPORARY}",
    "pg_rewrite": f"t.ev_class not in {_TEMPORARY}",
    "pg_inherits": f"t.inhrelid not in {_TEMPORARY}",
    "pg_sequence": f"t.seqrelid not in {_TEMPORARY}",
    "pg_type": "t.typnamespace not in (select oid from pg_namespace where nspname ~ '^pg_(temp|toast)')",
    # What an extension or a user brings may be renamed; what the server brings is the same for one version.
    "pg_proc": "t.oid >= 16384",
    "pg_operator": "t.oid >= 16384",
    "pg_opclass": "t.oid >= 16384",
    # Which sequence belongs to which column is written nowhere else.
    "pg_depend": "t.classid = 'pg_class'::regclass and t.refclassid = 'pg_class'::regclass and t.refobjsubid > 0 "
    f"and t.deptype in ('a', 'i') and t.refobjid not in {_TEMPORARY}",
}


def fingerprint(*, control: bool) -> str:
    """Return the query for one text that differs whenever anything that the other queries read has changed.

    A row of a catalog gets a new version, `(xmin, ctid)`, with every change, so that the versions of all rows say
    whether any was added, changed or removed, without reading their content. `pg_class` is told by its content,
    since truncating, vacuuming or refreshing a relation makes a new version in which nothing of interest differs;
    so are roles, whose catalog only superusers may read, and this database. A server restored from a backup may give
    out the same transaction ids twice: its timeline differs.

    Args:
        control: The role may ask for the identity of the server; else a restart counts as a change.
    """
    server = (
        "(select json_build_array(s.system_identifier::text, c.timeline_id) from pg_control_system() s, "
        "pg_control_checkpoint() c)"
        if control
        else "to_json(pg_postmaster_start_time())"
    )
    parts = [
        f"""(select json_build_array(count(*), sum(hashtextextended(concat_ws('/', t.xmin, t.ctid), 0)))
        from {name} t{f" where {_FILTERS[name]}" if name in _FILTERS else ""})"""
        for name in _VERSIONS
    ]
    return f"""
select json_build_array(current_setting('server_version_num'), {server},
    (select json_build_array(oid::int8, datname, datdba::int8, datacl::text) from pg_database
        where datname = current_database()),
    (select sum(hashtextextended(r::text, 0)) from
        (select oid, rolname, rolcanlogin, rolsuper from pg_roles) r),
    (select json_build_array(count(*), sum(hashtextextended(concat_ws('/', c.oid, c.relname, c.relnamespace, c.relkind,
        c.relowner, c.reltablespace, c.relam, c.reloptions, c.relacl, c.relrowsecurity, c.relforcerowsecurity,
        c.relpersistence, c.relispartition, c.relispopulated, c.relpartbound is null), 0)))
        from pg_class c where c.relpersistence <> 't'),
    {", ".join(parts)})::text
"""
