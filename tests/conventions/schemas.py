"""What code that knows an older schema would miss in a newer one.

The old code goes on serving while migrations run, and comes back when a release is taken back: it must find its
tables and columns as they were, and its rows must be taken as before.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg2.extras import Json
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

_OURS = "n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> 'alembic_version'"
_COLUMNS = f"""
    SELECT c.relname AS table, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
        a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS is_required,
        a.attgenerated <> '' OR a.attidentity = 'a' AS is_computed
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_OURS} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum
"""


def _names_of(numbers: str, table: str) -> str:
    return f"""(
        SELECT array_agg(a.attname::text ORDER BY k.place) FROM unnest({numbers}) WITH ORDINALITY AS k (number, place)
        JOIN pg_attribute a ON a.attrelid = {table} AND a.attnum = k.number
    )"""


_RULES = f"""
    SELECT c.relname AS table, r.conname AS name, pg_get_constraintdef(r.oid) AS text, f.relname AS of_table,
        {_names_of("r.conkey", "r.conrelid")} AS columns, {_names_of("r.confkey", "r.confrelid")} AS of_columns
    FROM pg_constraint r JOIN pg_class c ON c.oid = r.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_class f ON f.oid = r.confrelid WHERE {_OURS} AND r.contype IN ('c', 'f', 'p', 'u', 'x')
    UNION ALL
    SELECT c.relname, i.relname, pg_get_indexdef(x.indexrelid), NULL,
        {_names_of("x.indkey::smallint[]", "x.indrelid")}, NULL
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_OURS} AND x.indisunique AND NOT EXISTS (SELECT FROM pg_constraint r WHERE r.conindid = x.indexrelid)
    ORDER BY 1, 2
"""
_FUNCTIONS = """
    SELECT format('%s(%s) → %s', p.proname, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid))
    FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""


@dataclass(frozen=True)
class Column:
    """`is_required`: who inserts a row has to name it."""

    type: str
    is_required: bool
    is_computed: bool


@dataclass(frozen=True)
class Rule:
    """What a row has to keep: a key, a check, a reference to `of_table`, or an index that allows each value once."""

    name: str
    text: str
    of_table: str | None
    columns: tuple[str, ...]
    of_columns: tuple[str, ...]


@dataclass(frozen=True)
class Schema:
    columns: dict[str, dict[str, Column]]
    rules: dict[str, list[Rule]]
    functions: set[str]


def read_schema(engine: Engine) -> Schema:
    columns: dict[str, dict[str, Column]] = {}
    rules: dict[str, list[Rule]] = {}
    with engine.connect() as connection:
        for one in connection.execute(text(_COLUMNS)):
            found = Column(one.type, one.is_required, one.is_computed)
            columns.setdefault(one.table, {})[one.name] = found
        for one in connection.execute(text(_RULES)):
            # An index of an expression names no column.
            columns_of = tuple(one.columns or ()), tuple(one.of_columns or ())
            # What is written keeps a rule from its first day; being valid is about the rows before.
            rule = Rule(one.name, one.text.removesuffix(" NOT VALID"), one.of_table, *columns_of)
            rules.setdefault(one.table, []).append(rule)
        functions = set(connection.scalars(text(_FUNCTIONS)))
    return Schema(columns, rules, functions)


def missed_by_old_code(before: Schema, after: Schema) -> list[str]:
    """What is no longer as code that was written for `before` knows it; empty when it need not notice."""
    missed = [f"function {gone} is gone" for gone in sorted(before.functions - after.functions)]
    for table, columns in before.columns.items():
        if table in after.columns:
            missed += _changed_columns(table, columns, after.columns[table])
            missed += _changed_rules(table, before, after)
        else:
            missed.append(f"{table} is gone")
    return missed


def _changed_columns(table: str, before: dict[str, Column], after: dict[str, Column]) -> list[str]:
    changed = []
    for name, column in before.items():
        now = after.get(name)
        if now is None:
            changed.append(f"{table}.{name} is gone")
        elif now.type != column.type:
            changed.append(f"{table}.{name} was {column.type} and is {now.type}")
        elif now.is_required and not column.is_required:
            changed.append(f"{table}.{name} could be left out")
    changed += [
        f"{table}.{name} is new and cannot be left out"
        for name, column in after.items()
        if name not in before and column.is_required
    ]
    return changed


def _changed_rules(table: str, before: Schema, after: Schema) -> list[str]:
    """Old code knows their names, from refusals and from ON CONFLICT.

    A new check of new columns alone never meets what old code writes: their defaults keep it, as inserting shows.
    """
    old, new = before.rules.get(table, []), after.rules.get(table, [])
    gone = {rule.name for rule in old} - {rule.name for rule in new}
    known = {rule.text for rule in old}
    return [f"{table} no longer keeps {name}" for name in sorted(gone)] + [
        f"{table} must keep {rule.name}: {rule.text}"
        for rule in new
        if rule.text not in known and set(rule.columns) & before.columns[table].keys()
    ]


# Rows as old code would write them


def insert_rows(engine: Engine, schema: Schema, number: int) -> list[str]:
    """A row into each table of `schema`, each referring to the others; another `number` makes other rows.

    Answers who refused; all of it is kept or nothing.
    """
    rows: dict[str, dict[str, Any]] = {}
    with engine.connect() as connection:
        for table in _parents_first(schema):
            rows[table] = row = _row(schema, table, number, rows)
            names, values = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
            try:
                connection.execute(text(f'INSERT INTO "{table}" ({names}) VALUES ({values})'), row)
            except IntegrityError as error:
                connection.rollback()
                return [f"{table} refuses a row: {str(error.orig).splitlines()[0]}"]
        connection.commit()
    return []


def _parents_first(schema: Schema) -> list[str]:
    ordered: list[str] = []
    waiting = sorted(schema.columns)
    while waiting:
        ready = [
            table
            for table in waiting
            if all(rule.of_table in (None, table, *ordered) for rule in schema.rules.get(table, []))
        ]
        assert ready, f"{waiting} refer to one another: teach _parents_first"
        ordered += ready
        waiting = [table for table in waiting if table not in ready]
    return ordered


def _row(schema: Schema, table: str, number: int, rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    rules = schema.rules.get(table, [])
    row = {
        name: _value(column.type, _allowed(name, rules), number, place)
        for place, (name, column) in enumerate(schema.columns[table].items())
        if not column.is_computed
    }
    for rule in rules:
        if rule.of_table in rows:
            referred = rows[rule.of_table]
            row |= {name: referred[there] for name, there in zip(rule.columns, rule.of_columns, strict=True)}
    return row


def _allowed(name: str, rules: list[Rule]) -> str | None:
    """The first word or number in a check of this column alone, or the number next to it: one that the check lets pass."""
    checks = [rule.text for rule in rules if rule.columns == (name,) and rule.text.startswith("CHECK")]
    found = re.search(r"'(?P<word>[^']*)'|(?P<beyond>[<>])? ?(?P<number>\d+)", checks[0]) if checks else None
    if not found or found["word"] is not None:
        return found and found["word"]
    return str(int(found["number"]) + {">": 1, "<": -1, None: 0}[found["beyond"]])


def _value(type_: str, allowed: str | None, number: int, place: int) -> Any:
    kind, _, length = type_.partition("(")
    match kind:
        case _ if type_.endswith("[]"):
            return []
        case "uuid":
            return UUID(int=number * 1000 + place)
        case "character varying":
            return str(number)[: int(length.rstrip(")"))] if allowed is None else allowed
        case "text":
            return str(number) if allowed is None else allowed
        case "integer" | "bigint" | "smallint":
            return int(number if allowed is None else allowed)
        case "double precision" | "numeric":
            return float(number if allowed is None else allowed)
        case "boolean":
            return False
        case "date" | "timestamp with time zone":
            # Later columns later: what ends stands behind what begins.
            return datetime(2100, 1, 1, tzinfo=UTC) + timedelta(days=number, minutes=place)
        case "jsonb":
            return Json({})
        case "bytea":
            return b""
    raise NotImplementedError(f"a value for {type_}: teach _value")
