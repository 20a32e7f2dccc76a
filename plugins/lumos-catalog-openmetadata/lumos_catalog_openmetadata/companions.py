"""Test cases that stand beside assertions: made, changed, soft-deleted and restored with them."""

from __future__ import annotations

from typing import Any

from lumos_remote import Exists, Missing, Refused, segments

from lumos_core.plugin_api import AnyRecord, Context

from .entities import TEST_CASE
from .lookup import Lookup
from .mapping.cases import Test, to_test
from .names import Place
from .server import Server

Doc = dict[str, Any]
_ROUTE = f"/{TEST_CASE.route}"


class Companions:
    """Keeps test cases beside the terms of assertions.

    Args:
        server: Where they are.
        lookup: What the server has.
        ctx: Hears of what the server refuses; the assertion itself is in its term all the same.
    """

    def __init__(self, server: Server, lookup: Lookup, ctx: Context) -> None:
        self._server, self._lookup, self._ctx = server, lookup, ctx

    def retire(self, before: AnyRecord | None, after: AnyRecord) -> None:
        """Soft-delete the test case that an assertion has no more; before its term is changed, so that it is found."""
        old, new = self._test(before), self._test(after)
        if old is not None and (new is None or new.fqn != old.fqn):
            raw = self._get(old)
            if raw is not None and not raw.get("deleted"):
                self._server.client.delete(f"{_ROUTE}{segments(raw['id'])}")

    def same(self, before: AnyRecord | None, after: AnyRecord) -> bool:
        """Tell whether an assertion keeps its test case: that is changed before the term, which tells what it was."""
        old, new = self._test(before), self._test(after)
        return old is not None and new is not None and old.fqn == new.fqn

    def keep(self, before: AnyRecord | None, after: AnyRecord) -> bool:
        """Make the test case of an assertion what it is to be; tell whether anything was written.

        What people changed in it stays, and is told: it says neither what the assertion said nor what it says now.
        """
        test, old = self._test(after), self._test(before)
        table = None if test is None else self._table(test.table)
        columns = {one["name"] for one in (table or {}).get("columns") or ()}
        if test is None or table is None or (test.column and test.column not in columns):
            return False
        try:
            return self._kept(test, old if old is not None and old.fqn == test.fqn else None, after.urn)
        except (Refused, Missing) as error:
            text = f"OpenMetadata takes no test case for it, which is shown as a term alone: {error.why}"
            self._ctx.warn("no-test-case", text, after.urn)
            return False

    def _table(self, name: str) -> Doc | None:
        found = self._lookup.find(("table", name))
        if found is None:  # it may have been restored a moment ago
            found = self._server.get(Place("table", name))
        return None if found is None or found.get("deleted") else found

    def _test(self, record: AnyRecord | None) -> Test | None:
        return None if record is None else to_test(record.urn, record.value, self._server.names)

    def _get(self, test: Test) -> Doc | None:
        try:
            found: Doc = self._server.client.get(f"{_ROUTE}{segments('name', test.fqn)}", {"include": "all"}).value
        except Missing:
            return None
        return found

    def _kept(self, test: Test, old: Test | None, urn: str) -> bool:
        raw = self._get(test)
        if raw is None:
            self._make(test)
            return True
        anew = bool(raw.get("deleted"))
        if anew:
            self._server.client.put(f"{_ROUTE}/restore", {"id": raw["id"]})
            raw = self._get(test) or raw
        operations: list[Doc] = []
        for key in ("displayName", "description", "parameterValues"):
            wanted, there = test.body.get(key) or None, raw.get(key) or None
            if _said(wanted) == _said(there):
                continue
            if not anew and _said(there) != _said(None if old is None else old.body.get(key) or None):
                text = (
                    f"people changed `{key}` of its test case in OpenMetadata; that stays, and the term says the rest"
                )
                self._ctx.warn("test-case-edited", text, urn)
            elif wanted is None:
                operations.append({"op": "remove", "path": f"/{key}"})
            else:
                operations.append({"op": "add", "path": f"/{key}", "value": wanted})
        if operations:
            headers = {"If-Match": f'W/"{raw["version"]}"'} if self._server.names.family == 2 else {}
            self._server.client.patch(f"{_ROUTE}{segments(raw['id'])}", operations, headers=headers)
            self._verify(test, {operation["path"][1:] for operation in operations})
        return bool(operations)

    def _make(self, test: Test) -> None:
        body: Doc = {"name": test.name, "testDefinition": test.definition, "entityLink": test.link, **test.body}
        if self._server.names.family == 1:
            try:  # up to 1.6 it must be said in which suite; later this is refused
                self._suite(test.table)
                self._server.client.post(_ROUTE, {**body, "testSuite": f"{test.table}.testSuite"}, idempotent=True)
            except Refused:
                self._server.client.post(_ROUTE, body, idempotent=True)
        else:
            self._server.client.post(_ROUTE, body, idempotent=True)
        self._verify(test, set(test.body))

    def _suite(self, table: str) -> None:
        name = f"{table}.testSuite"
        body = {"name": name, "executableEntityReference": table}
        try:
            self._server.client.get(f"/dataQuality/testSuites{segments('name', name)}")
        except Missing:
            try:
                self._server.client.post("/dataQuality/testSuites/executable", body, idempotent=True)
            except Exists:
                return

    def _verify(self, test: Test, keys: set[str]) -> None:
        raw = self._get(test) or {}
        if any(_said(raw.get(key) or None) != _said(test.body.get(key) or None) for key in keys):
            raise Refused(f"the server did not store the test case {test.fqn}", why="it says something else")


def _said(value: Any) -> Any:
    """Parameters by name, whatever their order."""
    return {one["name"]: one.get("value") for one in value} if isinstance(value, list) else value
