"""The answers of the server to what it does not like, in its own form."""

from __future__ import annotations

from lumos_core.testing.servers.http import Answer, Refusal


def refuse(status: int, message: str) -> Refusal:
    """Make the exception that answers as the server does when it means it."""
    return Refusal(Answer.json({"code": status, "message": message}, status))


def bad(message: str) -> Refusal:
    """400: the request is wrong."""
    return refuse(400, message)


def unknown(kind: str, what: str) -> Refusal:
    """404: there is no such thing."""
    return refuse(404, f"{kind} instance for {what} not found")


def unhandled(message: str) -> Refusal:
    """500, where the server did not think of the case; to try again is of no use."""
    body = {"code": 500, "errorType": "UNHANDLED_SERVER_EXCEPTION", "message": message}
    return Refusal(Answer.json(body, 500))
