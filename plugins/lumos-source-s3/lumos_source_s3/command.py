"""`lumos s3`: what has to be set up so that a bucket tells of its changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from .config import S3Config
    from .setup import Plan


@click.group("s3")
def command() -> None:
    """Set up what Lumos can use of S3."""


@command.command("setup")
@click.argument("pipeline", required=False, type=click.Path())
@click.option("--bucket", help="The bucket; of a pipeline with several, the one that is set up.")
@click.option("--prefix", help="Only keys that begin so; that of the pipeline by default.")
@click.option("--queue", metavar="NAME", help="Name of the queue; made from bucket and prefix by default.")
@click.option("--dlq/--no-dlq", default=True, help="A dead-letter queue for what nobody understands.")
@click.option("--owner", metavar="ACCOUNT", help="Account of the bucket, where it is not that of the queue.")
@click.option("--endpoint", help="Address of a server that speaks the protocols of S3 and SQS; AWS by default.")
@click.option("--region", help="Region of the bucket; found by asking by default.")
@click.option("--profile", help="Named profile of the AWS configuration files.")
@click.option("--apply", is_flag=True, help="Make it, instead of printing it.")
@click.option("--remove", is_flag=True, help="Take away what this command made, and nothing else; with --apply.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def setup(
    pipeline: str | None,
    bucket: str | None,
    prefix: str | None,
    queue: str | None,
    dlq: bool,
    owner: str | None,
    endpoint: str | None,
    region: str | None,
    profile: str | None,
    apply: bool,
    remove: bool,
    as_json: bool,
) -> int:
    """Print what must be there so that a queue hears of changes in the bucket of PIPELINE, or make it with --apply.

    A queue with its dead-letter queue, the right of the bucket to send to it, and a notification of the bucket beside
    those that it has. Nothing of others is changed, and doing it twice does nothing. Also printed are the lines for
    the pipeline and the rights that whoever runs Lumos needs.

    Exit codes: 0 done, 2 could not begin or another notification is in the way, 3 may work later.
    """
    from .client import Connection
    from .setup import Setup, Wanted

    given = {"endpoint": endpoint, "region": region, "aws_profile": profile}
    configs = chosen(pipeline, bucket, prefix, {key: value for key, value in given.items() if value})
    plans = []
    for config in configs:
        connection = Connection(config)
        try:
            wanted = Wanted(
                bucket=config.bucket,
                prefix=config.prefix,
                queue=queue or named_queue(config),
                dead=dlq,
                tags=bool(config.tags),
                owner=owner or "",
            )
            setup = Setup(connection, wanted)
            plan = setup.plan_removal() if remove else setup.plan()
            if apply and not plan.done:
                setup.apply(plan)
        finally:
            connection.close()
        plans.append((plan, config))
    if as_json:
        _print_json(plans, applied=apply)
    else:
        for plan, config in plans:
            _print(plan, config, applied=apply, remove=remove)
    return 2 if any(plan.conflicts for plan, _ in plans) else 0


def chosen(pipeline: str | None, bucket: str | None, prefix: str | None, more: dict[str, Any]) -> list[S3Config]:
    """Return the sources to set up: those of a pipeline, or one that is given.

    Args:
        pipeline: The file.
        bucket: The bucket; of a pipeline, only the sources of this bucket.
        prefix: Instead of that of the source.
        more: Options that take the place of those of the source.

    Raises:
        UsageError: When neither is given.
        ConfigError: When the pipeline is not valid, or has no such source.
    """
    from lumos_core.plugin_api import ConfigError, load_pipeline

    from .config import S3Config

    if prefix is not None:
        more = {**more, "prefix": prefix}
    if pipeline is None:
        if not bucket:
            raise click.UsageError("name a pipeline, or give --bucket")
        return [checked({"bucket": bucket, **more})]
    found = [spec.config for spec in load_pipeline(pipeline).sources if isinstance(spec.config, S3Config)]
    wanted = [config for config in found if bucket in (None, config.bucket)]
    if not wanted:
        buckets = ", ".join(sorted({config.bucket for config in found})) or "none"
        what = f"{pipeline} has no source of the type s3" + (f" with the bucket {bucket}" if bucket else "")
        raise ConfigError(what, why=f"its buckets are: {buckets}", fix="correct --bucket, or leave out PIPELINE")
    return [checked({**{name: getattr(config, name) for name in config.model_fields_set}, **more}) for config in wanted]


def checked(options: dict[str, Any]) -> S3Config:
    """Return options as a configuration.

    Raises:
        UsageError: When they are not valid; values are not repeated.
    """
    from pydantic import ValidationError

    from .config import S3Config

    try:
        return S3Config.model_validate(options)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise click.UsageError(f"--{place}: {first['msg']}" if place else first["msg"]) from None


def named_queue(config: S3Config) -> str:
    """Return the name of the queue that a source watches; empty when it names none."""
    address = config.watch.sqs_queue if config.watch is not None else ""
    return address.rpartition(":" if address.startswith("arn:") else "/")[2]


def _print_json(plans: list[tuple[Plan, S3Config]], *, applied: bool) -> None:
    import json

    import msgspec

    found = [
        {
            **msgspec.to_builtins(plan),
            "applied": applied,
            "watch": _watch(plan, config),
            "reader": _reader(plan, config),
        }
        for plan, config in plans
    ]
    click.echo(json.dumps({"setups": found}, indent=2))


def _print(plan: Plan, config: S3Config, *, applied: bool, remove: bool) -> None:
    import json

    from lumos_core.plugin_api import visible

    from .setup import conflict

    verbs = {"make": "made", "change": "changed", "remove": "removed"} if applied else {}
    click.echo(visible(f"s3://{plan.wanted.bucket}/{plan.wanted.prefix} in {plan.region}, account {plan.account}"))
    for step in plan.steps:
        word = verbs.get(step.action, step.action)
        note = f" ({step.note})" if step.note else ""
        click.echo(visible(f"{word:<8} {step.what} {step.name}{note}"))
        for key, values in step.changes.items():
            for sign, value in zip("-+", values, strict=True):
                if value not in (None, ""):
                    for line in _lines(key, value):
                        click.echo(visible(f"    {sign} {line}"))
    if plan.conflicts:
        click.echo(visible(f"Error: {conflict(plan)}"), err=True)
    elif remove:
        return
    else:
        click.echo("\nIn the pipeline, under the source:\n")
        click.echo("    watch:")
        for name, value in _watch(plan, config).items():
            click.echo(visible(f"      {name}: {value}"))
        click.echo("\nWhat whoever runs Lumos must be allowed:\n")
        click.echo(json.dumps(_reader(plan, config), indent=2))
        if plan.done:
            click.echo("\nAll of it is there already.")
        else:
            click.echo("\nMade, and read again." if applied else "\nNothing was written; --apply makes it.")


def _lines(key: str, value: Any) -> list[str]:
    """Show a value: in one line where that is short."""
    import json

    if isinstance(value, str) and value[:1] in "{[":
        value = json.loads(value)
    short = value if isinstance(value, str) else json.dumps(value)
    if len(short) <= 100:
        return [f"{key}: {short}"]
    return [f"{key}:", *(f"  {line}" for line in json.dumps(value, indent=2).splitlines())]


def _watch(plan: Plan, config: S3Config) -> dict[str, str]:
    """Return the options that lead to the queue: an ARN leads to AWS, wherever the bucket is."""
    endpoint = (config.watch.sqs_endpoint if config.watch is not None else "") or config.endpoint
    return {"sqs_queue": plan.queue, **({"sqs_endpoint": endpoint} if endpoint else {})}


def _reader(plan: Plan, config: S3Config) -> dict[str, Any]:
    from . import policy

    partition = policy.partition_of(plan.queue)
    wanted = plan.wanted
    return policy.reader(wanted.bucket, wanted.prefix, plan.queue, partition=partition, tags=bool(config.tags))
