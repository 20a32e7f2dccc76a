"""`lumos snapshot`: export, import, check, show, convert, merge and transform snapshot files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..texts import visible
from .output import emit, json_option, table_of
from .reading import as_of_option, pipeline_option

if TYPE_CHECKING:
    from ..snapshot.api import Conflict, SnapshotInfo

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(exists=True, dir_okay=False)


def _format_option(function: F) -> F:
    return click.option(
        "--format",
        "form",
        type=click.Choice(["jsonl", "json", "yaml"]),
        help="Lines (`.zst` in the name compresses them) or a document; default by the name of the output.",
    )(function)


def _without_option(function: F) -> F:
    return click.option(
        "--without",
        type=click.Choice(["stats"]),
        multiple=True,
        help="Leave out a kind; the snapshot says so in its coverage.",
    )(function)


def _select_option(function: F) -> F:
    return click.option(
        "--select",
        metavar="SCOPE",
        help="Only a part: the beginning of names, a URN, or a glob (from which no removal is concluded).",
    )(function)


@click.group("snapshot")
def command() -> None:
    """Export, import, check, convert and merge snapshot files."""


@command.command("export")
@click.argument("path", type=click.Path(), default=".")
@_select_option
@click.option("--since", metavar="REF", help="Only what is new or different since a run, release, day or time.")
@_without_option
@_format_option
@as_of_option
@pipeline_option
@json_option
@click.pass_context
def export(
    ctx: click.Context,
    path: str,
    select: str | None,
    since: str | None,
    without: tuple[str, ...],
    form: Any,
    as_of: str,
    pipeline: str | None,
    as_json: bool,
) -> None:
    """Write what the store knows to PATH: a file, or a folder in which it gets a dated name."""
    from ..snapshot.api import export_snapshot

    info = export_snapshot(
        path, pipeline=pipeline, as_of=as_of, select=select, since=since, stats=not without, format=form
    )
    _emit_info(ctx, info)


@command.command("import")
@click.argument("path", type=_FILE)
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@pipeline_option
@json_option
@click.pass_context
def import_(ctx: click.Context, path: str, dry_run: bool, pipeline: str | None, as_json: bool) -> None:
    """Bring a snapshot into the store. For versions, gate and publishing, run a pipeline with `type: snapshot`."""
    import msgspec

    from ..snapshot.api import import_snapshot

    found = import_snapshot(path, pipeline=pipeline, dry_run=dry_run)
    verb = "would be" if dry_run else "were"
    text = (
        f"{found.added:,} records {verb} added, {found.changed:,} changed, {found.removed:,} removed; "
        f"{found.kept:,} that it does not hold stay"
    )
    emit(ctx, msgspec.to_builtins(found), text if dry_run else f"{text}. Run {found.run}")


@command.command("validate")
@click.argument("paths", type=_FILE, nargs=-1, required=True)
@json_option
@click.pass_context
def validate(ctx: click.Context, paths: Sequence[str], as_json: bool) -> None:
    """Verify snapshots to the last byte: trailer, order, uniqueness, hash and canonical form."""
    from ..snapshot.api import validate_snapshot

    found = {path: validate_snapshot(path) for path in paths}
    lines = [f"{path}: valid, {sum(counts.values()):,} records" for path, counts in found.items()]
    emit(ctx, [{"path": path, "counts": counts} for path, counts in found.items()], "\n".join(lines))


@command.command("show")
@click.argument("path", type=_FILE)
@json_option
@click.pass_context
def show(ctx: click.Context, path: str, as_json: bool) -> None:
    """Show what a snapshot holds: its time, sources, counts, coverage and digest."""
    from ..snapshot.api import header_of

    data = header_of(path)
    rows = [
        ("exported", data["exported_at"]),
        ("sources", ", ".join(source["name"] for source in data["sources"])),
        ("digest", data["digest"]),
        *((f"{kind} records", f"{count:,}") for kind, count in data["counts"].items()),
        *(("covered", _covered(covered)) for covered in data["coverage"]),
    ]
    emit(ctx, data, lambda: table_of("", path, rows=rows))


@command.command("convert")
@click.argument("source", type=_FILE)
@click.argument("target", type=click.Path())
@_select_option
@_without_option
@_format_option
@json_option
@click.pass_context
def convert(
    ctx: click.Context,
    source: str,
    target: str,
    select: str | None,
    without: tuple[str, ...],
    form: Any,
    as_json: bool,
) -> None:
    """Write SOURCE in another form: lines, compressed lines (`.zst`), JSON or YAML."""
    from ..snapshot.api import convert_snapshot

    _emit_info(ctx, convert_snapshot(source, target, format=form, select=select, stats=not without))


@command.command("merge")
@click.argument("sources", type=_FILE, nargs=-1, required=True)
@click.option("--output", "-o", type=click.Path(), required=True, help="The file to write, or a folder.")
@_format_option
@json_option
@click.pass_context
def merge(ctx: click.Context, sources: Sequence[str], output: str, form: Any, as_json: bool) -> None:
    """Unite snapshots, the most trusted first; contradictions are named, and the first one stands."""
    from ..snapshot.api import merge_snapshots

    info, conflicts = merge_snapshots(sources, output, format=form)
    _emit_info(ctx, info, conflicts)


@command.command("transform")
@click.argument("source", type=_FILE)
@click.argument("target", type=click.Path())
@click.option("--platform", "platforms", multiple=True, metavar="OLD=NEW", help="Rename a platform.")
@click.option("--env", "environments", multiple=True, metavar="OLD=NEW", help="Rename an environment.")
@click.option(
    "--name", "names", multiple=True, metavar="OLD=NEW", help="Replace the beginning of names, or a whole URN."
)
@_format_option
@json_option
@click.pass_context
def transform(
    ctx: click.Context,
    source: str,
    target: str,
    platforms: Sequence[str],
    environments: Sequence[str],
    names: Sequence[str],
    form: Any,
    as_json: bool,
) -> None:
    """Move SOURCE to other platforms, environments and names, in all of its references."""
    from ..snapshot.api import transform_snapshot

    info = transform_snapshot(
        source,
        target,
        platforms=_pairs(platforms),
        environments=_pairs(environments),
        names=_pairs(names),
        format=form,
    )
    _emit_info(ctx, info)


@command.command("textconv")
@click.argument("path", type=_FILE)
@click.option("--stats", is_flag=True, help="Show the stats lines too.")
def textconv(path: str, stats: bool) -> None:
    """Print a snapshot with a line per field, for `git diff` (`diff.lumos.textconv`) and for people."""
    from ..snapshot.api import textconv_snapshot

    for line in textconv_snapshot(path, stats=stats):
        click.echo(visible(line))


@command.command("schema")
def schema() -> None:
    """Print the JSON Schema of the format."""
    from ..snapshot.schema import snapshot_schema
    from .output import write_json

    write_json(snapshot_schema())


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    from ..errors import UsageError

    found = {}
    for text in texts:
        old, equals, new = text.partition("=")
        if not (old and equals and new):
            raise UsageError(f"{text!r} says nothing to replace", fix="write OLD=NEW")
        found[old] = new
    return found


def _emit_info(ctx: click.Context, info: SnapshotInfo, conflicts: Sequence[Conflict] = ()) -> None:
    import msgspec

    data = {
        "path": str(info.path),
        "stats_path": None if info.stats_path is None else str(info.stats_path),
        "digest": info.digest,
        "counts": info.counts,
        "written": info.written,
        "conflicts": [msgspec.to_builtins(conflict) for conflict in conflicts],
    }
    lines = [f"{c.urn} {c.key}: kept {c.kept} of {c.kept_from}, not {c.dropped}" for c in conflicts]
    if info.written:
        lines.append(f"{info.path}: {info.count:,} records, digest {info.digest[:12]}")
    else:
        lines.append(f"{info.path} says the same already; it was left as it is")
    emit(ctx, data, "\n".join(lines))


def _covered(covered: dict[str, Any]) -> str:
    scope = covered.get("scope", {})
    parts = [scope.get("platform", ""), scope.get("env", ""), *scope.get("types", ()), *scope.get("prefixes", ())]
    urns = scope.get("urns", ())
    place = " ".join(part for part in parts if part) or ("" if urns else "everything")
    names = f"{len(urns)} URNs" if len(urns) > 3 else " ".join(urns)
    status = covered.get("status", "complete")
    why = f" ({covered['reason']})" if covered.get("reason") else ""
    return f"{' '.join(filter(None, (place, names)))}: {', '.join(covered['aspects'])}, {status}{why}"
