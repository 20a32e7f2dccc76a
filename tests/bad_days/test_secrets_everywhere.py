"""Random secrets in every place that holds one, over failures that repeat them: none is told or kept anywhere."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tempfile
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_bad_files import commit

import lumos_core
from lumos_core.testing.servers.http import Answer, HttpFake, Request, route

secrets = st.text(
    st.sampled_from("abcXYZ0189/+=%&?#@:;!$ \"'<>\\~^|_-.,()[]{}\u00e9\u2603"), min_size=10, max_size=30
).filter(lambda text: text == text.strip() and len(set(text)) > 5)


class Parrot(HttpFake):
    """Refuses everything, and repeats what it was told."""

    said: tuple[str, ...] = ()

    @route("GET", "/{rest:path}")
    @route("POST", "/{rest:path}")
    def refuse(self, request: Request, rest: str) -> Answer:
        words = " ".join([request.target, *self.said, *map(quote, self.said)])
        return Answer(403, f"<Error><Code>Odd</Code><Message><![CDATA[{words}]]></Message></Error>".encode())


def everything(folder: Path) -> bytes:
    """All that a run left behind, but what people wrote themselves."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "lumos.yaml" and "data" not in path.relative_to(folder).parts:
            found += [path.read_bytes(), path.name.encode()]
    return b"\n".join(found)


@settings(max_examples=5, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(secrets, min_size=5, max_size=5, unique=True))
def test_no_secret_is_told_or_kept(drawn: list[str]) -> None:
    key, token, hook, password, property_ = (f"s3cr{number}t{text}" for number, text in enumerate(drawn))
    password = "whsec_" + b64encode(hashlib.sha256(password.encode()).digest()).decode()
    with tempfile.TemporaryDirectory() as name, Parrot() as parrot, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        patch.setenv("LUMOS_DEBUG", "1")
        parrot.said = (key, token, hook, password)
        (folder / "data/t/_delta_log").mkdir(parents=True)
        schema, meta = commit().splitlines()
        action = json.loads(meta)
        action["metaData"]["configuration"] = {"fs.azure.account.key": property_, "fs.s3a.secret.key": property_}
        (folder / f"data/t/_delta_log/{0:020}.json").write_text(f"{schema}\n{json.dumps(action)}")
        bucket: dict[str, Any] = {"type": "s3", "bucket": "lake", "endpoint": parrot.url, "region": "us-east-1"}
        bucket |= {"access_key_id": "AKIA", "secret_access_key": key, "session_token": token, "max_attempts": 1}
        address = f"{parrot.url}/{quote(hook, safe='')}"
        reports = [
            {"type": "json", "path": "report.json"},
            {"type": "html", "path": "report.html"},
            {"type": "markdown", "path": "report.md"},
            {
                "type": "webhook",
                "url": f"{parrot.url}/{quote(hook, safe='')}?t={quote(hook, safe='')}",
                "secret": password,
            },
            {"type": "slack", "url": address},
        ]
        text = {"version": 1, "name": "x", "reports": reports, "catalogs": [{"type": "local"}], "run": {"retries": 0}}
        local = {"type": "files", "path": "data", "formats": ["csv", "delta"]}
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            for sources in ([bucket, local], [bucket, local]):
                (folder / "lumos.yaml").write_text(json.dumps({**text, "sources": sources}).replace("${", "$${"))
                result = lumos_core.run(folder / "lumos.yaml")
                out.write(" ".join(f"{n.message} {n.where} {n.fix}" for n in [*result.failures, *result.warnings]))
                (folder / "data/new.csv").write_text("id\n1\n")
        assert result.exit_code == 3 and len(result.failures) >= 2
        seen = everything(folder) + out.getvalue().encode()
        for secret in key, token, hook, password, property_:
            for form in {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1]}:
                place = seen.find(form.encode())
                assert place < 0, (form, seen[max(0, place - 200) : place + 100])
