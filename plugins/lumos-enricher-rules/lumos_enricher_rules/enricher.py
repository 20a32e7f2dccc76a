"""The enricher `rules`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lumos_core.plugin_api import (
    AnyRecord,
    Context,
    Covered,
    Dataset,
    Enricher,
    Lineage,
    Record,
    Scope,
    read_yaml,
    unite,
)

from .apply import DATASET_ASPECTS, FittingPii, FittingRule, apply_rules
from .config import RulesEnricherConfig
from .lineage import LineageRules
from .people import records_of
from .rules import RulesFile

TYPES = {
    "user": ("user",),
    "group": ("group", "role"),
    "tag": ("tag", "classification"),
    "term": ("term", "category", "glossary"),
    "domain": ("domain",),
    "data_product": ("data_product",),
    "ownership_type": ("ownership_type",),
    "job": ("flow", "task", "process", "query", "procedure", "notebook"),
}
"""Kind -> URN types."""


class RulesEnricher(Enricher[RulesEnricherConfig]):
    """Adds what data cannot say about itself, from one YAML file that is reviewed like code."""

    writes = DATASET_ASPECTS | {"email", "title", "active", "synonyms", "relations"}

    def check_files(self) -> None:
        """Read the file, so that a mistake in it is told before anything is done.

        Raises:
            ConfigError: With every mistake and its place.
        """
        self._read()

    def check(self, ctx: Context) -> None:
        """Do what `check_files` does.

        Raises:
            ConfigError: With every mistake and its place.
        """
        self._read()

    def enrich(self, records: Iterator[AnyRecord], ctx: Context) -> Iterable[AnyRecord]:
        """Lay the rules over every dataset, and add the records that the file makes."""
        rules = self._read()
        made = {record.urn: record for record in records_of(rules)}
        fitting = [FittingRule(rule) for rule in rules.datasets]
        pii = [FittingPii(rule) for rule in rules.pii]
        lineage = LineageRules(rules.lineage, rules.jobs, ctx)
        for record in records:
            if isinstance(record.value, Dataset):
                apply_rules(record.urn, record.value, fitting, pii)
                record.value.lineage = _with_lineage(record, lineage.of(record.urn))
            yield record
        yield from made.values()
        _report_unused(fitting, ctx)
        for kind in sorted(self.config.complete):
            scope = Scope(types=frozenset(TYPES[kind]))
            ctx.covered(Covered(scope, frozenset({"record"})))

    def _read(self) -> RulesFile:
        return read_yaml(self.config.path, RulesFile)


def _with_lineage(record: AnyRecord, more: Lineage | None) -> Lineage | None:
    known: Lineage | None = record.value.lineage
    if known is None or more is None:
        return known or more
    twin = Record(record.urn, Dataset(lineage=more, captured=["lineage"]))
    united: Lineage | None = unite(record, twin).value.lineage
    return united


def _report_unused(rules: list[FittingRule], ctx: Context) -> None:
    for number, rule in enumerate(rules, 1):
        if not rule.fits.used:
            ctx.warn("rule-fits-nothing", f"no dataset is called {rule.fits}", f"datasets {number}")
            continue
        for glob, _ in rule.fields:
            if not glob.used:
                ctx.warn("rule-fits-nothing", f"no field is called {glob}", f"datasets {number}")
