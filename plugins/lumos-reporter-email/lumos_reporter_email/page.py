"""The body of a mail as HTML: tables and inline styles, which every mail program understands; nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from lumos_core.plugin_api import Gathered, RunResult, Told, tell, visible

_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_COLOURS = {"breaking": "#b42318", "risky": "#b54708", "non-breaking": "#175cd3", "informational": "#475467"}
_QUIET = "#475467"


def page(gathered: Gathered, result: RunResult) -> str:
    """Return the page."""
    cards = "\n".join(_card(tell(event)) for event in gathered.events)
    more = ""
    if gathered.more:
        noun = "dataset" if gathered.more == 1 else "datasets"
        more = f'<p style="margin:0 0 16px;color:{_QUIET}">and {gathered.more} more {noun}</p>'
    changed = "1 dataset changed" if gathered.total == 1 else f"{gathered.total} datasets changed"
    pipeline, run = escape(visible(result.pipeline)), escape(visible(result.run_id))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{escape(gathered.headline)}</title>
</head>
<body style="margin:0;padding:0;background:#f2f4f7">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f2f4f7">
<tr><td align="center" style="padding:24px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"
 style="max-width:640px;{_FONT};font-size:14px;line-height:20px;color:#101828;text-align:left">
<tr><td>
<h1 style="margin:0 0 4px;font-size:20px;line-height:28px">{changed}</h1>
<p style="margin:0 0 20px;color:{_QUIET}">in the pipeline {pipeline}</p>
{cards}
{more}
<p style="margin:0;font-size:12px;line-height:18px;color:{_QUIET}">Lumos, run {run}, notice {gathered.id}</p>
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
"""


def _card(told: Told) -> str:
    colour = _COLOURS.get(told.severity, _QUIET)
    return f"""<table role="presentation" width="100%" cellpadding="0" cellspacing="0"
 style="margin:0 0 16px;background:#ffffff;border:1px solid #e4e7ec;border-left:4px solid {colour};border-radius:6px">
<tr><td style="padding:14px 16px">
{"".join(_parts(told, colour))}</td></tr>
</table>"""


def _parts(told: Told, colour: str) -> Iterator[str]:
    badge = f' <span style="color:{colour};font-weight:600">{escape(told.severity)}</span>' if told.severity else ""
    name = f'<strong style="font-size:16px;word-break:break-word">{escape(told.name)}</strong>'
    yield f'<p style="margin:0 0 8px">{name}<br>{told.happened}{" · " if badge else ""}{badge}</p>\n'
    items = "".join(_finding(severity, sentence) for severity, sentence in told.findings if severity)
    items += f"<li>and {told.unnamed} more findings</li>" if told.unnamed else ""
    yield from (f'<p style="margin:0 0 8px">{_prose(text)}</p>\n' for severity, text in told.findings if not severity)
    if items:
        yield f'<ul style="margin:0 0 8px;padding:0 0 0 18px">{items}</ul>\n'
    rows = [*([("place", told.place)] if told.place else []), *told.facts, ("event", told.id)]
    yield '<table role="presentation" cellpadding="0" cellspacing="0" style="font-size:12px;line-height:18px">\n'
    for what, value in rows:
        yield (
            f'<tr><td valign="top" style="padding:0 12px 0 0;color:{_QUIET}">{what}</td>'
            f'<td style="word-break:break-word">{escape(value)}</td></tr>\n'
        )
    yield "</table>\n"


def _finding(severity: str, sentence: str) -> str:
    label = f'<span style="color:{_COLOURS.get(severity, _QUIET)}">{escape(severity)}</span>'
    return f'<li style="word-break:break-word">{label}: {_prose(sentence)}</li>'


def _prose(text: str) -> str:
    """A sentence, with what stands between backticks as code."""
    style = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px"
    return re.sub("`([^`]+)`", rf'<code style="{style}">\1</code>', escape(text))
