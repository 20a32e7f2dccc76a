"""Components that behave badly in every way a worker must survive; loaded there by `module:Class`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field as Option
from pydantic import SecretStr

from lumos_core.plugin_api import (
    AnyRecord,
    CatalogError,
    Config,
    Context,
    Covered,
    Dataset,
    Field,
    Record,
    RetryableError,
    Scope,
    Source,
    Unit,
    UnitError,
    urns,
)


class ActorConfig(Config):
    """What each unit does."""

    acts: dict[str, str] = Option(default_factory=dict, description="Unit -> what it does.")
    notes: str = Option("", description="File that a unit may write to.")
    token: SecretStr = Option(SecretStr(""), description="A secret.")


class Actor(Source[ActorConfig]):
    """One dataset per unit, and whatever else the unit was told to do."""

    capabilities = frozenset({"record", "fields"})

    def check(self, ctx: Context) -> None:
        """Refuse when told so."""
        if "refuse" in self.config.acts:
            raise CatalogError("refused", why=f"with {self.config.token.get_secret_value()}", fix="be kind")

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """One unit per act."""
        for key in sorted(self.config.acts):
            urn = urns.dataset("actor", key)
            if within.matches(urn):
                yield Unit(key=key, scope=Scope(urns=frozenset({urn})), args={"bytes": b"\x00\xff"})
        if within.everything:
            ctx.covered(Covered(Scope(platform="actor"), frozenset({"record"})))

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Act."""
        assert unit.args == {"bytes": b"\x00\xff"}
        urn = urns.dataset("actor", unit.key)
        yield Record(urn, Dataset(name=unit.key, captured=["fields"], fields=[Field("id", type="int64")]))
        getattr(self, "_" + self.config.acts[unit.key])(unit, ctx)
        ctx.covered(Covered(unit.scope, frozenset({"fields"})))

    def close(self) -> None:
        """Leave a note."""
        if self.config.notes:
            with Path(self.config.notes).open("a") as file:
                file.write("closed\n")

    def _well(self, unit: Unit, ctx: Context) -> None:
        ctx.progress(1, 2)

    def _exit(self, unit: Unit, ctx: Context) -> None:
        print("about to end", file=sys.stderr, flush=True)
        os._exit(7)

    def _segfault(self, unit: Unit, ctx: Context) -> None:
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(60)

    def _killed(self, unit: Unit, ctx: Context) -> None:
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)

    def _once(self, unit: Unit, ctx: Context) -> None:
        """Crash at the first attempt only."""
        mark = Path(self.config.notes)
        if not mark.exists():
            mark.write_text("crashed once\n")
            os._exit(7)

    def _hang(self, unit: Unit, ctx: Context) -> None:
        time.sleep(600)

    def _work(self, unit: Unit, ctx: Context) -> None:
        """Say nothing for long, and poll."""
        for _ in range(60):
            if ctx.cancelled():
                return
            time.sleep(0.1)

    def _pause(self, unit: Unit, ctx: Context) -> None:
        time.sleep(1)

    def _until_cancelled(self, unit: Unit, ctx: Context) -> None:
        while not ctx.cancelled():
            time.sleep(0.05)

    def _print(self, unit: Unit, ctx: Context) -> None:
        print("a stray line")
        sys.stdout.flush()
        os.write(1, b"\x01\x00\x00\x00\x01\x00\x00\x00\x05stray")
        subprocess.run(["echo", "from a child"], check=True)
        assert sys.stdin.read() == ""

    def _large(self, unit: Unit, ctx: Context) -> None:
        raise AssertionError("unreachable: `Large` has its own extract")

    def _memory(self, unit: Unit, ctx: Context) -> None:
        raise MemoryError

    def _sys_exit(self, unit: Unit, ctx: Context) -> None:
        sys.exit(0)

    def _retry(self, unit: Unit, ctx: Context) -> None:
        raise RetryableError("busy", after=0.0)

    def _unit_error(self, unit: Unit, ctx: Context) -> None:
        raise UnitError("cannot be read", why="it is locked", fix="unlock it", where="here.txt")

    def _defect(self, unit: Unit, ctx: Context) -> None:
        raise KeyError("no such thing")

    def _leak(self, unit: Unit, ctx: Context) -> None:
        secret = self.config.token.get_secret_value()
        ctx.warn("leak", f"the token is {secret}", secret)
        print(f"token={secret}", file=sys.stderr, flush=True)
        raise ValueError(f"cannot log in with {secret}")

    def _leak_and_crash(self, unit: Unit, ctx: Context) -> None:
        print(f"token={self.config.token.get_secret_value()}", file=sys.stderr, flush=True)
        os._exit(7)

    def _child(self, unit: Unit, ctx: Context) -> None:
        child = subprocess.Popen(["sleep", "1000"])
        Path(self.config.notes).write_text(f"{os.getpid()} {child.pid}")

    def _ask(self, unit: Unit, ctx: Context) -> None:
        known = [record.urn for record in ctx.records("dataset")]
        found = ctx.get(known[0]) if known else None
        ctx.warn("asked", f"{len(known)} known, {found.value.name if found else 'none'}; run {ctx.run_id}")

    def _remember(self, unit: Unit, ctx: Context) -> None:
        count = int(ctx.memo.get(b"count", b"0")) + 1
        ctx.memo[b"count"] = b"%d" % count
        ctx.memo[b"gone"] = b"x"
        del ctx.memo[b"gone"]
        ctx.warn("remembered", f"{count} {sorted(ctx.memo)} {b'gone' in ctx.memo} {len(ctx.memo)}")


class Large(Actor):
    """A record that is too large to cross."""

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Give one small and one giant record."""
        urn = urns.dataset("actor", unit.key)
        fields = [Field("x" * 1000 + str(number), type="string") for number in range(70_000)]
        yield Record(urn, Dataset(name=unit.key, captured=["fields"], fields=fields))


class Broken(Actor):
    """Writes into the private pipe, as only malice or a wild C library can."""

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Write garbage to every descriptor."""
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, b"garbage that is no frame\n" * 9)
            except OSError:
                continue
        yield from super().extract(unit, ctx)
