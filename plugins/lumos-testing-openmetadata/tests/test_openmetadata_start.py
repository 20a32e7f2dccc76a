"""The fake starts, says who it is, and lets nobody in without a token."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
from lumos_testing_openmetadata import OpenMetadataFake


@pytest.mark.parametrize(("asked", "said"), [("1.6", "1.6.0"), ("2.0", "2.0.6"), ("1.5.11", "1.5.11")])
def test_the_version_is_told_to_everyone(asked: str, said: str) -> None:
    with OpenMetadataFake(asked) as fake, urllib.request.urlopen(f"{fake.url}/api/v1/system/version") as answer:
        assert json.loads(answer.read())["version"] == said


def test_anything_else_needs_a_token() -> None:
    with OpenMetadataFake() as fake:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{fake.url}/api/v1/tables")
        assert refused.value.code == 401
        refused.value.close()
