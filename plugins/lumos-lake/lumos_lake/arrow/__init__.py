"""Arrow schemas and Lumos fields, both ways and without loss.

    >>> import pyarrow as pa
    >>> from lumos_lake.arrow import fields_of, schema_of
    >>> schema = pa.schema([("id", pa.int64()), ("items", pa.list_(pa.struct([("sku", pa.large_string())])))])
    >>> [(field.path, field.type, field.native_type) for field in fields_of(schema)]  # doctest: +NORMALIZE_WHITESPACE
    [('id', 'int64', 'int64'), ('items', 'list<struct?>', 'list<item: struct>'),
     ('items[].sku', 'string', 'large_string')]
    >>> schema_of(fields_of(schema)).equals(schema, check_metadata=True)
    True

What Arrow says of memory alone (large, view, dictionary and run-end encoded types, index widths) does not reach the
canonical type; it stands in `native_type`, which is read again on the way back. What Arrow cannot say (lengths,
enums, descriptions, unknown nullability) stands in the field's metadata under `lumos:field`.
"""

from __future__ import annotations

from .canonical import type_of
from .fields import OVERLAY, fields_of
from .native import NativeTextError, native_text, parse_native
from .physical import arrow_type
from .schema import schema_of

__all__ = [
    "OVERLAY",
    "NativeTextError",
    "arrow_type",
    "fields_of",
    "native_text",
    "parse_native",
    "schema_of",
    "type_of",
]
