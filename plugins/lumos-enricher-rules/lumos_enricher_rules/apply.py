"""Rules laid over one dataset: sets grow, of single values the last fitting rule decides, sources are not overruled."""

from __future__ import annotations

from collections.abc import Iterator

from lumos_core.plugin_api import (
    DataProductLink,
    Dataset,
    Description,
    Field,
    Link,
    Schedule,
    TagLink,
    TermLink,
    Text,
    paths,
)

from .globs import Glob, names_of
from .people import owner_of, urn_of
from .rules import DatasetRule, FieldRule, PiiRule

DATASET_ASPECTS = frozenset(
    {
        "data_products",
        "description",
        "display_name",
        "domains",
        "fields.description",
        "fields.display_name",
        "fields.tags",
        "fields.terms",
        "lineage",
        "lineage.columns",
        "links",
        "owners",
        "properties",
        "schedule",
        "tags",
        "terms",
    }
)
"""What rules say of a dataset; a rules file is asked for all of it, so that what is taken out of it is noticed."""


class FittingRule:
    """A dataset rule with its globs compiled."""

    def __init__(self, rule: DatasetRule) -> None:
        self.rule = rule
        self.fits = Glob(rule.match)
        self.fields = [(Glob([path]), known) for path, known in rule.fields.items()]


class FittingPii:
    """A rule for personal data with its globs compiled."""

    def __init__(self, rule: PiiRule) -> None:
        self.fits = Glob(rule.match)
        self.datasets = Glob(rule.datasets)
        self.tag = urn_of("tag", rule.tag)


def apply_rules(urn: str, value: Dataset, rules: list[FittingRule], pii: list[FittingPii]) -> None:
    """Lay every fitting rule over a dataset, in place."""
    called = names_of(urn)
    fitting = [rule for rule in rules if rule.fits(*called)]
    for rule in fitting:
        _grow(value, rule.rule)
    for text in reversed([rule.rule.description for rule in fitting]):
        if text is not None:
            value.description = _described(value.description, text)
            break
    for rule in fitting:
        for field, known in _known_fields(value, rule):
            _apply_field(field, known)
    guesses = [guess for guess in pii if guess.datasets(*called)]
    for field in value.fields if guesses else ():
        _guess(field, guesses)
    value.captured = sorted({*value.captured, *DATASET_ASPECTS})


def _grow(value: Dataset, rule: DatasetRule) -> None:
    value.owners = [*value.owners, *map(owner_of, rule.owners)]
    value.tags = [*value.tags, *(TagLink(urn_of("tag", tag)) for tag in rule.tags)]
    value.terms = [*value.terms, *(TermLink(urn_of("term", term)) for term in rule.terms)]
    value.domains = [*value.domains, *(urn_of("domain", domain) for domain in rule.domains)]
    products = (DataProductLink(urn_of("data_product", product)) for product in rule.data_products)
    value.data_products = [*value.data_products, *products]
    value.links = [*value.links, *(Link(link.url, type=link.type, label=link.label) for link in rule.links)]
    value.properties = list({**dict(value.properties), **rule.properties}.items())
    if rule.display_name is not None:
        value.display_name = Text(source=rule.display_name)
    if rule.schedule is not None:
        value.schedule = Schedule(**rule.schedule.model_dump())


def _described(known: Description | None, text: str) -> Description:
    """A text that a source gave stays; that of the rules then stands beside it."""
    if known is None or known.source is None:
        return Description(source=text, manual=known.manual if known else None, others=known.others if known else [])
    others = [pair for pair in known.others if pair[0] != "rules"]
    return Description(source=known.source, manual=known.manual, others=[*others, ("rules", text)])


def _known_fields(value: Dataset, rule: FittingRule) -> Iterator[tuple[Field, FieldRule]]:
    for glob, known in rule.fields:
        for field in value.fields:
            if glob(field.path):
                yield field, known


def _apply_field(field: Field, known: FieldRule) -> None:
    if known.description is not None:
        field.description = _described(field.description, known.description)
    if known.display_name is not None:
        field.display_name = Text(source=known.display_name)
    field.tags = [*field.tags, *(TagLink(urn_of("tag", tag)) for tag in known.tags)]
    field.terms = [*field.terms, *(TermLink(urn_of("term", term)) for term in known.terms)]


def _guess(field: Field, guesses: list[FittingPii]) -> None:
    """Guess by the name; a tag that somebody set is not guessed again."""
    set_already = {tag.tag for tag in field.tags}
    for guess in guesses:
        if guess.tag not in set_already and guess.fits(field.path, paths.leaf(field.path)):
            set_already.add(guess.tag)
            field.tags = [*field.tags, TagLink(guess.tag, layer="automated", reason=f"the name fits {guess.fits}")]
