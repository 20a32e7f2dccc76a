"""The report of a migration as one page: light and dark, no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from itertools import islice

from ..texts import visible
from .proof import WORDS
from .result import MigrationResult

EXAMPLES = 1000
"""Records that the page names at most; the JSON beside it names all."""

_TONES: dict[str, str] = dict(zip(WORDS, ("good", "kept", "lost", "clash", "bad"), strict=True))

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --dim: #5d6677; --paper: #fff; --line: #e2e6ee; --soft: #f5f7fa;
  --good: #1a7f4b; --kept: #2b6cb0; --lost: #9a6700; --clash: #8250df; --bad: #c4302b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8f0; --dim: #97a1b3; --paper: #12161e; --line: #2a3140;
  --soft: #1a202b; --good: #4cc38a; --kept: #6cb0f5; --lost: #e0b050; --clash: #bd9cf9; --bad: #ff7b72; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2.5rem 1.5rem 5rem; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; letter-spacing: -.01em; } h2 { font-size: 1.15rem; margin: 2.6rem 0 .8rem; }
p.lead { color: var(--dim); margin: 0 0 1.6rem; } code { font: .88em ui-monospace, monospace; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; }
.tile { border: 1px solid var(--line); border-radius: .7rem; padding: .8rem 1rem; background: var(--soft); }
.tile b { display: block; font-size: 1.6rem; line-height: 1.2; } .tile span { color: var(--dim); }
.bar { display: flex; height: .7rem; border-radius: .35rem; overflow: hidden; margin: 1.2rem 0;
  background: var(--line); }
.bar i { display: block; } .scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .4rem .8rem .4rem 0;
  border-bottom: 1px solid var(--line); vertical-align: top; } th { color: var(--dim); font-weight: 500; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } .zero { color: var(--line); }
details { border: 1px solid var(--line); border-radius: .6rem; margin: .5rem 0; padding: .5rem .9rem; }
summary { cursor: pointer; } ul { padding-left: 1.2rem; margin: .5rem 0; }
.good { color: var(--good); } .kept { color: var(--kept); } .lost { color: var(--lost); }
.clash { color: var(--clash); }
.bad { color: var(--bad); } i.good { background: var(--good); } i.kept { background: var(--kept); }
i.lost { background: var(--lost); } i.clash { background: var(--clash); } i.bad { background: var(--bad); }
"""


def page(result: MigrationResult) -> Iterator[str]:
    """Return the page, piece by piece."""
    total = sum(result.tally.records.values())
    there = sum(result.tally.records[word] for word in WORDS[:2])
    source = result.source.label if result.source is not None else ""
    title = f"{source} → {result.target.label}" if source else result.target.label
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>{_STYLE}</style></head><body><h1>{_text(title)}</h1>"
    yield f'<p class="lead">Migration <code>{_text(result.id)}</code>, {_text(result.started)} to '
    yield f"{_text(result.finished)}. {there:,} of {total:,} records arrived with all that the source says of them; "
    yield "each of the others is accounted for below.</p>"
    yield from _tiles(result, total)
    yield from _table("By kind", "kind", result.tally.kinds)
    yield from _table("By aspect", "aspect", result.tally.aspects)
    yield from _losses(result)
    yield from _conflicts(result)
    yield from _records(result)
    yield from _work(result)
    yield "</body></html>\n"


def _tiles(result: MigrationResult, total: int) -> Iterator[str]:
    counts = result.tally.records
    yield '<div class="tiles">'
    for word in WORDS:
        yield f'<div class="tile"><b class="{_TONES[word]}">{counts[word]:,}</b><span>{word}</span></div>'
    yield '</div><div class="bar" role="img" aria-label="shares of the verdicts">'
    for word in WORDS:
        if counts[word]:
            yield f'<i class="{_TONES[word]}" style="width:{100 * counts[word] / max(total, 1):.3f}%"></i>'
    yield "</div>"


def _table(title: str, what: str, rows: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    if not rows:
        return
    yield f'<h2>{title}</h2><div class="scroll"><table><tr><th>{what}</th>'
    yield "".join(f'<th class="n">{word}</th>' for word in WORDS) + "</tr>"
    for name, counts in sorted(rows.items()):
        yield f"<tr><td><code>{_text(name)}</code></td>"
        for word in WORDS:
            count = counts.get(word, 0)
            yield f'<td class="n {_TONES[word] if count else "zero"}">{count:,}</td>'
        yield "</tr>"
    yield "</table></div>"


def _losses(result: MigrationResult) -> Iterator[str]:
    losses = list(result.losses())
    if not losses:
        yield "<h2>Losses</h2><p>None: every record is identical.</p>"
        return
    yield "<h2>Every loss, and why</h2><p><i>Kept in lumos</i> is no loss to who reads with Lumos: the value is read "
    yield "back equal; what the target's own pages do not show of it, measured record by record, is in its property "
    yield "<code>lumos</code>.</p>"
    yield '<div class="scroll"><table><tr><th>aspect</th><th>verdict</th><th>reason</th>'
    yield '<th class="n">records</th></tr>'
    for aspect, word, reason, count in losses:
        yield f'<tr><td><code>{_text(aspect)}</code></td><td class="{_TONES.get(word, "")}">{_text(word)}</td>'
        yield f'<td>{_text(reason)}</td><td class="n">{count:,}</td></tr>'
    yield "</table></div>"


def _conflicts(result: MigrationResult) -> Iterator[str]:
    if not result.conflicts:
        return
    yield f"<h2>Left to people: {len(result.conflicts):,}</h2>"
    for met in islice(result.conflicts, EXAMPLES):
        yield f"<details><summary><code>{_text(met.urn)}</code> {_text(met.key)}</summary><ul>"
        yield f"<li>{_text(met.reason)}</li>"
        if met.source is not None or met.target is not None:
            yield f"<li>source: <code>{_text(_short(met.source))}</code></li>"
            yield f"<li>target: <code>{_text(_short(met.target))}</code></li>"
        yield "</ul></details>"
    yield _more(len(result.conflicts))


def _records(result: MigrationResult) -> Iterator[str]:
    poor = (proven for proven in result.records if proven.verdict not in WORDS[:2])
    count = sum(result.tally.records[word] for word in WORDS[2:])
    if not count:
        return
    yield f"<h2>Records that did not arrive whole: {count:,}</h2>"
    for proven in islice(poor, EXAMPLES):
        tone = _TONES[proven.verdict]
        yield f'<details><summary><span class="{tone}">{proven.verdict}</span> '
        yield f"<code>{_text(proven.urn)}</code></summary><ul>"
        if proven.former:
            yield f"<li>in the source <code>{_text(proven.former)}</code></li>"
        if proven.reason:
            yield f"<li>{_text(proven.reason)}</li>"
        for found in proven.aspects:
            tone = _TONES[found.verdict]
            yield f'<li><code>{_text(found.aspect)}</code>: <span class="{tone}">{found.verdict}</span>, '
            yield f"{_text(found.reason)}</li>"
        yield "</ul></details>"
    yield _more(count)


def _work(result: MigrationResult) -> Iterator[str]:
    yield "<h2>What was done</h2><ul>"
    yield f"<li>read: {_text(_counts(result.read))}</li><li>planned: {_text(_counts(result.planned))}</li>"
    yield f"<li>outcome: {_text(_counts(result.outcomes) or 'nothing had to be written')}</li>"
    yield f"<li>other names in the target: {result.renamed:,}</li>"
    for old, new in islice(result.ambiguous, 20):
        yield f"<li>may be one thing, and was left as two: <code>{_text(old)}</code>, <code>{_text(new)}</code></li>"
    for failure in islice(result.failures, EXAMPLES):
        yield f'<li class="bad"><code>{_text(failure.urn)}</code>: {_text(failure.reason)}</li>'
    for notice in islice(result.warnings, EXAMPLES):
        yield f"<li>{_text(notice.component)}: {_text(notice.message)} <code>{_text(notice.where)}</code></li>"
    if result.folder is not None:
        yield f"<li>files, rollback snapshot included: <code>{_text(result.folder)}</code></li>"
    yield "</ul>"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def _more(count: int) -> str:
    return f"<p>{count - EXAMPLES:,} more stand in the JSON beside this page.</p>" if count > EXAMPLES else ""


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 300 else f"{text[:300]}…"


def _text(value: object) -> str:
    return escape(visible(str(value), lines=True))
