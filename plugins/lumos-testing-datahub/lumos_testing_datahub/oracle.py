"""The SDK's own classes as a second judge; needs `acryl-datahub`."""

from __future__ import annotations

from typing import Any

from .proposals import Oracle


def sdk() -> Oracle:
    """Return a judge that decodes aspects with the schema classes of the installed SDK.

    Raises:
        ModuleNotFoundError: `acryl-datahub` is not installed.
    """
    from datahub.emitter.serialization_helper import post_json_transform
    from datahub.metadata.schema_classes import ASPECT_NAME_MAP

    def judge(aspect: str, value: Any) -> None:
        try:
            decoded = ASPECT_NAME_MAP[aspect].from_obj(post_json_transform(value))
        except Exception as error:  # whatever avro raises is its verdict
            raise ValueError(f"{type(error).__name__}: {error}") from None
        if not decoded.validate():
            raise ValueError("validate() is False")

    return judge
