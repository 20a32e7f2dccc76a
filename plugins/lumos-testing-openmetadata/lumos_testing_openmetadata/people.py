"""Users, bots and their tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from .engine import Actor
from .errors import bad, refuse
from .store import Document
from .world import World

BOT = "ingestion-bot"
ADMIN = "admin"
ADMIN_MAIL = "admin@open-metadata.org"
HOUR = 3600.0
_ISSUER = "open-metadata.org"


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class People:
    """Who may come in.

    Args:
        world: The state, which holds the users.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._key = secrets.token_bytes(32)
        self._passwords: dict[str, str] = {}

    def token(self, name: str, seconds: float | None = None) -> str:
        """Make a JWT for a user.

        Args:
            name: Name of the user or bot.
            seconds: How long it holds; None for always.

        Raises:
            KeyError: There is no such user.
        """
        user = self.user(name)
        if user is None:
            raise KeyError(name)
        roles = [self.world.store.heads[role["id"]].name for role in user.get("roles", [])]
        claims: dict[str, Any] = {"iss": _ISSUER, "sub": name, "roles": roles, "email": user["email"]}
        claims.update({"isBot": bool(user.get("isBot")), "tokenType": "BOT" if user.get("isBot") else "OM_USER"})
        claims["iat"] = int(self.world.clock())
        if seconds is not None:
            claims["exp"] = int(self.world.clock() + seconds)
        head = _part(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "fake"}).encode())
        body = f"{head}.{_part(json.dumps(claims).encode())}"
        return f"{body}.{_part(self._sign(body))}"

    def _sign(self, body: str) -> bytes:
        return hmac.new(self._key, body.encode(), hashlib.sha256).digest()

    def actor(self, header: str) -> Actor:
        """Tell who sends an `Authorization` header.

        Raises:
            Refusal: 401.
        """
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise refuse(401, "Not authorized; token not present")
        body, _, signature = token.strip().rpartition(".")
        try:
            good = hmac.compare_digest(_bytes(signature), self._sign(body))
            claims = json.loads(_bytes(body.partition(".")[2])) if good else {}
        except ValueError:
            good = False
        if not good:
            raise refuse(401, "Invalid token")
        if claims.get("exp", float("inf")) <= self.world.clock():
            raise refuse(401, "Expired token!")
        user = self.user(claims["sub"])
        if user is None or user.get("deleted"):
            raise refuse(401, f"Failed to find user {claims['sub']}")
        return Actor(claims["sub"], bool(user.get("isBot")), bool(user.get("isAdmin")), tuple(claims["roles"]))

    def user(self, name: str) -> Document | None:
        """Return a user by name."""
        found = self.world.store.find("user", f'"{name}"' if "." in name else name)
        return self.world.store.get(found) if found else None

    def set_password(self, name: str, password: str) -> None:
        """Let a user log in with a password."""
        self._passwords[name] = password

    def login(self, request: Document) -> Document:
        """Answer a login; the password comes in base64.

        Raises:
            Refusal: An unknown address (400), or a wrong password (401).
        """
        self.world.schema.check(request, self.world.schema.structures["Login"], "LoginRequest")
        try:
            password = base64.b64decode(request["password"], validate=True).decode()
        except ValueError:
            raise bad("Illegal base64 password") from None
        for identity in self.world.store.identities("user"):
            user = self.world.store.get(identity)
            if user["email"].lower() == request["email"].lower() and not user.get("isBot"):
                if self._passwords.get(user["name"]) != password:
                    raise refuse(401, "You have entered an invalid username or password.")
                token = self.token(user["name"], HOUR)
                expires = int((self.world.clock() + HOUR) * 1000)
                told = {"accessToken": token, "refreshToken": secrets.token_hex(16), "tokenType": "Bearer"}
                return {**told, "expiryDuration": expires}
        raise bad("You have entered an invalid username or password.")

    def mechanism(self, identity: str) -> Document:
        """How a bot's user authenticates, its token included.

        Raises:
            Refusal: Not a bot's user (400).
        """
        user = self.world.store.get(identity)
        if not user.get("isBot"):
            raise bad("The user is not a bot")
        config = {"JWTToken": self.token(user["name"]), "JWTTokenExpiry": "Unlimited"}
        return {"config": config, "authType": "JWT"}


def may(actor: Actor, method: str, operations: Any = None) -> bool:
    """Whether an actor has the right to do something.

    Admins and bots may do everything. Any signed-up user may read, and PATCH descriptions and tags; a data steward
    may also PATCH owners, display names and glossary terms.
    """
    if actor.admin or actor.bot or method in ("GET", "HEAD"):
        return True
    allowed = ["description", "tags", *(("owners", "displayName", "tier") if "DataSteward" in actor.roles else ())]
    if method != "PATCH" or not isinstance(operations, list):
        return False
    steps = [str(one.get("path", "")).split("/") if isinstance(one, dict) else [] for one in operations]
    return all(any(step in allowed for step in path) for path in steps)
