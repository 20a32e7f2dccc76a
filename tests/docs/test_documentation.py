"""Every command and every block of code in the documentation is true: it is run here, page by page.

A page runs in a folder of its own that begins as a copy of `configs/`. What stands in a fence decides what is done:

- `console`: lines after `$ ` are commands (`> ` continues one); what follows is their output. A command must succeed,
  unless the next one is `echo $?`. Output is compared loosely: blanks count as one, `...` stands for anything in a
  line, and a line `...` for any lines.
- `python` is a program of its own; an `output` fence after it is what it prints. `pycon` is a doctest.
- `yaml`: a pipeline, or a part of one; `json`: is parsed; `toml` likewise; `text`, `mermaid`: nothing to run.
- `<!-- file: NAME -->` before a fence writes it to that file first.
- `<!-- not run: REASON -->` before a fence: the one way out, counted below.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from lumos_core.config.api import load_pipeline
from lumos_core.config.catalog_file import load_catalog_file
from lumos_core.files import read_yaml
from lumos_core.running.waivers import WaiverFile

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if DOCS / "examples" not in path.parents)
GENERATED = {DOCS / "reference" / name for name in ("python-api.md", "plugin-api.md")}
NOT_RUN = 9
FENCE = re.compile(
    r"(?:^<!-- (?P<mark>file|not run): (?P<word>[^\n]*?) -->\n+)?"
    r"^(?P<indent> *)```(?P<language>[^\n]*)\n(?P<body>.*?)^ *```$",
    re.M | re.S,
)
MARK = "\x1e"


@dataclass(frozen=True)
class Block:
    language: str
    body: str
    line: int
    file: str = ""
    reason: str = ""


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        indent = len(match["indent"])
        body = "".join(line[indent:] if line.strip() else "\n" for line in match["body"].splitlines(keepends=True))
        word = match["word"] or ""
        line = text.count("\n", 0, match.start("language")) + 1
        kind = match["mark"]
        found.append(
            Block(
                match["language"].strip(),
                body,
                line,
                file=word if kind == "file" else "",
                reason=word if kind == "not run" else "",
            )
        )
    return found


def name_of(page: Path) -> str:
    return page.relative_to(DOCS if DOCS in page.parents else ROOT).as_posix()


@dataclass
class Command:
    text: str
    output: str
    line: int


def commands(block: Block) -> list[Command]:
    """Split a block into its commands, each with the output that the page shows."""
    found: list[Command] = []
    for number, line in enumerate(block.body.splitlines()):
        if line.startswith("$ "):
            found.append(Command(line[2:], "", block.line + 1 + number))
        elif line.startswith("> ") and found and not found[-1].output:
            found[-1].text += "\n" + line[2:]
        else:
            assert found, f"line {block.line + 1 + number}: a console block begins with `$ `"
            found[-1].output += line + "\n"
    return found


def fits(shown: str, real: str) -> bool:
    """Compare loosely: blanks as one, rules of tables as one, `...` for anything."""
    pattern = ""
    for line in shown.strip().splitlines():
        words = " ".join(line.split())
        if words == "...":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            escaped = re.escape(re.sub("─+", "─", words))
            pattern += escaped.replace(r"\ \.\.\.", r"(?:\ [^\n]*)?").replace(r"\.\.\.", r"[^\n]*") + "\n"
    lines = [" ".join(re.sub("─+", "─", line).split()) for line in real.strip().splitlines()]
    return re.fullmatch(pattern, "".join(line + "\n" for line in lines)) is not None


class Page:
    """The folder of a page, and the shell that runs its commands one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "configs", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".lumos", "out"))
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("LUMOS_", "COV_", "PYTEST"))},
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "COLUMNS": "120",
            "NO_COLOR": "1",
            "PYTHONWARNINGS": "error",
            "PYTHONIOENCODING": "utf-8",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        self.rest = ""

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, page: Path, steps: list[tuple[Command, bool]]) -> None:
        """Run commands in one shell; each must do what the page says."""
        script = "".join(
            f"{step.text}\n__code=$?; printf '\\n{MARK}%s\\n' $__code; (exit $__code)\n" for step, _ in steps
        )
        done = subprocess.run(
            ["sh", "-s"],
            input=script,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=300,
        )
        answers = re.findall(rf"(.*?)\n{MARK}(\d+)\n", done.stdout, re.S)
        for index, (step, compared) in enumerate(steps):
            place = f"{name_of(page)}:{step.line}: {step.text}"
            assert index < len(answers), f"{place}\ndid not run:\n{done.stdout[-3000:]}"
            output, code = answers[index]
            asked = index + 1 < len(steps) and steps[index + 1][0].text == "echo $?"
            assert code == "0" or asked, f"{place}\nends with {code}:\n{output}"
            if compared and step.output.strip():
                assert fits(step.output, output), f"{place}\nsays:\n{output}\nand the page:\n{step.output}"


def steps_of(page: Path, place: Page) -> list[tuple[Command, bool]]:
    """Write the files of a page and return what is to be run, in order."""
    steps: list[tuple[Command, bool]] = []
    for number, block in enumerate(found := blocks(page)):
        if block.reason:
            continue
        if block.file:
            # Written in its turn, since commands before it may look at the folder.
            place.write(f".blocks/{number}", block.body)
            target = place.folder / block.file
            copy = Command(
                f"mkdir -p '{target.parent}' && cp '{place.folder}/.blocks/{number}' '{target}'", "", block.line
            )
            steps.append((copy, False))
        if block.language == "console":
            steps += [(command, True) for command in commands(block)]
        elif block.language == "python" and not block.file:
            place.write(f".blocks/{number}.py", block.body)
            after = found[number + 1] if number + 1 < len(found) else None
            output = after.body if after is not None and after.language == "output" else ""
            run = f"PYTHONPATH=. python '{place.folder}/.blocks/{number}.py'"
            steps.append((Command(run, output, block.line), True))
    return steps


RUNNABLE = [page for page in PAGES if any(block.language in ("console", "python") for block in blocks(page))]


@pytest.mark.skipif(os.name == "nt", reason="the commands of the documentation are those of a POSIX shell")
@pytest.mark.parametrize("page", RUNNABLE, ids=name_of)
def test_what_a_page_says_happens(page: Path, tmp_path: Path) -> None:
    place = Page(tmp_path)
    place.run(page, steps_of(page, place))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_has_a_known_language(page: Path) -> None:
    known = {"console", "python", "output", "pycon", "yaml", "json", "toml", "text", "mermaid", "gitattributes"}
    if page in GENERATED:
        known |= {"py", ""}  # signatures, and parts of programs from docstrings
    strange = [f"line {block.line}: {block.language!r}" for block in blocks(page) if block.language not in known]
    assert strange == []


def test_blocks_that_are_not_run_say_why_and_are_few() -> None:
    skipped = [(name_of(page), block.reason) for page in PAGES for block in blocks(page) if block.reason]
    assert all(len(reason.split()) >= 3 for _, reason in skipped)
    assert len(skipped) == NOT_RUN, skipped


def yaml_blocks() -> list[tuple[Path, Block]]:
    pages = [*PAGES, ROOT / "README.md", *sorted(ROOT.glob("plugins/*/README.md"))]
    return [(page, block) for page in pages for block in blocks(page) if block.language == "yaml" and not block.reason]


@pytest.mark.parametrize(
    "page, block", [pytest.param(*pair, id=f"{name_of(pair[0])}:{pair[1].line}") for pair in yaml_blocks()]
)
def test_yaml_is_valid(page: Path, block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = yaml.safe_load(block.body)
    name = Path(block.file).name if block.file else "discovery.yaml" if "tables" in data else "lumos.yaml"
    if "lumos_snapshot" in data:
        return  # the snapshot page itself validates it
    for variable in re.findall(r"\$\{(\w+)", block.body):
        value = "http://127.0.0.1:9" if variable.endswith("_URL") else "value"
        monkeypatch.setenv(variable, f"whsec_{'QUFB' * 8}" if variable == "WEBHOOK_SECRET" else value)
    text = block.body
    if "sources" not in data and name == "lumos.yaml" and "extends" not in data:
        text += "\nsources: [{type: files, path: .}]\n"
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    if "waivers" in name:
        assert read_yaml(path, WaiverFile).waivers
    elif name == "rules.yaml":
        from lumos_enricher_rules.rules import RulesFile

        assert read_yaml(path, RulesFile)
    elif name == "discovery.yaml":
        from lumos_lake.discovery.overrides import Overrides

        assert read_yaml(path, Overrides)
    elif "extends" in data:
        (tmp_path / data["extends"]).write_text("sources: [{type: files, path: .}]\n")
        assert load_pipeline(path)
    elif "module:" in text or "toy_" in text or "my_" in text:
        assert data["sources"]  # run by its own page, where the module is
    elif "sources" not in data and "catalogs" in data:
        assert load_catalog_file(path).catalogs
    else:
        assert load_pipeline(path)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_json_toml_and_doctests_are_valid(page: Path) -> None:
    for block in blocks(page):
        if block.language == "json":
            for line in block.body.splitlines() if block.body.startswith('{"') else [block.body]:
                json.loads(line)
        elif block.language == "toml" and sys.version_info >= (3, 11):
            import tomllib

            tomllib.loads(block.body)
        elif block.language == "pycon":
            example = doctest.DocTestParser().get_doctest(block.body, {}, name_of(page), None, block.line)
            assert doctest.DocTestRunner(verbose=False).run(example).failed == 0 or page in GENERATED


def test_links_and_anchors_lead_somewhere() -> None:
    broken = []
    for page in [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.S)
        for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", text):
            if "://" in target or target.startswith("mailto:"):
                continue
            path = page.parent / target if target else page
            if not path.exists():
                broken.append(f"{page.name}: {target}")
            elif anchor and path.suffix == ".md" and anchor not in anchors(path):
                broken.append(f"{page.name}: {target}#{anchor}")
    assert broken == []


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    heads = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_page_is_on_the_map() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    files = {*PAGES, *DOCS.rglob("*.json")} - {DOCS / "index.md"}
    missing = [
        path.relative_to(DOCS).as_posix()
        for path in sorted(files)
        if f"({path.relative_to(DOCS).as_posix()})" not in index
    ]
    assert missing == []
