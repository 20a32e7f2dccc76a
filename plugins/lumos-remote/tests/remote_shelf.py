"""A small service to talk to, and a client that does not wait long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lumos_remote import Auth, Bearer, Client, Retries

from lumos_core.testing.servers.http import Answer, HttpFake, Request, route

TOKEN = "s3cret-t0ken/with+signs"


class Shelf(HttpFake):
    """A service with one collection, behind a token."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.books: dict[str, Any] = {}
        self.token = TOKEN

    def check(self, request: Request) -> Answer | None:
        said = request.headers.get("authorization", "")
        if said == f"Bearer {self.token}":
            return None
        return Answer.json({"code": 401, "message": f"not accepted: {said}"}, 401)

    @route("GET", "/api/books")
    def listing(self, request: Request) -> Any:
        return {"data": sorted(self.books), "query": request.query}

    @route("GET", "/api/books/{name}")
    def book(self, request: Request, name: str) -> Any:
        return self.books[name] if name in self.books else Answer.json({"message": f"no {name}"}, 404)

    @route("PUT", "/api/books/{name}")
    def put(self, request: Request, name: str) -> Answer:
        self.books[name] = request.json()
        return Answer.json(self.books[name], 201, {"ETag": 'W/"1"'})

    @route("POST", "/api/books")
    @route("PATCH", "/api/books")
    def post(self, request: Request) -> Any:
        self.books[str(len(self.books))] = request.json() if request.body else None
        return {"kind": request.headers.get("content-type", "")}

    @route("DELETE", "/api/books/{name}")
    def delete(self, request: Request, name: str) -> None:
        self.books.pop(name, None)


def make(fake: HttpFake, auth: Auth | None = None, retries: Retries | None = None, **more: Any) -> Client:
    """A client of the service."""
    return Client(f"{fake.url}/api/", auth=auth or Bearer(TOKEN), retries=retries or Retries(), **more)


def counter(*values: Any) -> Callable[[], Any]:
    """A function that gives one value after the other, and the last one for ever."""
    left = list(values)
    return lambda: left.pop(0) if len(left) > 1 else left[0]
