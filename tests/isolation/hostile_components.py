"""Components that do to their worker what drivers, SDKs and their authors do in the wild."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import Field as Option
from pydantic import SecretStr, field_validator

from lumos_core.plugin_api import (
    AnyRecord,
    Catalog,
    Config,
    Context,
    Covered,
    Dataset,
    Operation,
    Outcome,
    Record,
    RetryableError,
    Scope,
    Source,
    Support,
    Unit,
    urns,
)


class HostileConfig(Config):
    """What each unit does."""

    acts: dict[str, str] = Option(default_factory=dict, description="Unit -> what it does.")
    platform: str = Option("hostile", description="Platform of its datasets.")
    notes: str = Option("", description="File or folder that a unit may write to.")
    planning: str = Option("", description="What happens while the units are listed.")
    records: int = Option(1, description="Records per unit.")
    token: SecretStr = Option(SecretStr(""), description="A secret.")


class Busy(RetryableError):
    """A plugin's own kind of an error that asks for another try."""


class Unspeakable(Exception):
    """An exception that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Hostile(Source[HostileConfig]):
    """One dataset per unit and record, and whatever else the unit was told to do."""

    capabilities = frozenset({"record"})

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """One unit per act."""
        if self.config.planning == "slowly":
            time.sleep(0.6)
        for key in sorted(self.config.acts):
            yield Unit(key=key, scope=Scope(urns=frozenset({urns.dataset(self.config.platform, key)})))
        if self.config.planning == "wrongly":
            yield "a unit"  # type: ignore[misc]

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Act."""
        for number in range(self.config.records):
            name = unit.key if not number else f"{unit.key}{number}"
            yield Record(urns.dataset(self.config.platform, name), Dataset(name=name))
        found = getattr(self, "_" + self.config.acts[unit.key])(unit, ctx)
        if found is not None:
            yield from found
        ctx.covered(Covered(unit.scope, frozenset({"record"})))

    def close(self) -> None:
        """Never come back, when told so."""
        if self.config.planning == "close hangs":
            time.sleep(600)

    def _mark(self, name: str) -> bool:
        """Tell whether this is the first time that something happens, for whoever asks."""
        try:
            (Path(self.config.notes) / name).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _well(self, unit: Unit, ctx: Context) -> None:
        time.sleep(0.01)

    def _slow(self, unit: Unit, ctx: Context) -> None:
        time.sleep(0.6)

    def _exit(self, unit: Unit, ctx: Context) -> None:
        time.sleep(0.05)
        os._exit(7)

    def _abort(self, unit: Unit, ctx: Context) -> None:
        os.abort()

    def _once(self, unit: Unit, ctx: Context) -> None:
        if self._mark(f"once-{unit.key}"):
            time.sleep(0.02)
            os._exit(7)

    def _hang(self, unit: Unit, ctx: Context) -> None:
        time.sleep(600)

    def _defect(self, unit: Unit, ctx: Context) -> None:
        raise KeyError("no such thing")

    def _busy_once(self, unit: Unit, ctx: Context) -> None:
        if self._mark(f"busy-{unit.key}"):
            raise Busy("busy", after=0.0)

    def _busy_then_crash(self, unit: Unit, ctx: Context) -> None:
        """Ask for another try; then be there while a neighbour crashes."""
        if self._mark(f"busy-{unit.key}"):
            raise Busy("busy", after=0.0)
        time.sleep(0.4)

    def _heartbeat(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Report from other threads while records are made."""
        over = threading.Event()

        def beat() -> None:
            while not over.is_set():
                ctx.progress(1, None)

        threads = [threading.Thread(target=beat, daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for number in range(20_000):
                name = f"{unit.key}.{number:06}"
                yield Record(urns.dataset(self.config.platform, name), Dataset(name=name))
        finally:
            over.set()

    def _unspeakable(self, unit: Unit, ctx: Context) -> None:
        raise Unspeakable

    def _long_words(self, unit: Unit, ctx: Context) -> None:
        raise ValueError("long " * 20_000_000)

    def _surrogate(self, unit: Unit, ctx: Context) -> None:
        raise OSError("cannot read 'caf\udce9.csv'")

    def _warn_surrogate(self, unit: Unit, ctx: Context) -> None:
        ctx.warn("name", "cannot read 'caf\udce9.csv'", "caf\udce9.csv")

    def _warn_much(self, unit: Unit, ctx: Context) -> None:
        ctx.warn("much", "x" * (80 << 20))

    def _wrong_coverage(self, unit: Unit, ctx: Context) -> None:
        ctx.covered("everything")  # type: ignore[arg-type]

    def _wrong_memo(self, unit: Unit, ctx: Context) -> None:
        ctx.memo["text"] = "text"  # type: ignore[index,assignment]

    def _wrong_progress(self, unit: Unit, ctx: Context) -> None:
        ctx.progress("half")  # type: ignore[arg-type]

    def _endless(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Say something for ever, and never ask whether anybody wants it."""
        number = 0
        while True:
            number += 1
            ctx.progress(number)
            time.sleep(0.01)
            yield Record(urns.dataset(self.config.platform, f"n{number}"), Dataset(name="n"))

    def _forked_then_exit(self, unit: Unit, ctx: Context) -> None:
        """Leave a process in a session of its own, as a daemon is, and crash."""
        if os.fork() == 0:
            os.setsid()
            time.sleep(20)
            os._exit(0)
        os._exit(7)

    def _fork_and_return(self, unit: Unit, ctx: Context) -> None:
        """Let the copy go on as if it were the worker."""
        child = os.fork()
        if child:
            os.waitpid(child, 0)

    def _pool(self, unit: Unit, ctx: Context) -> None:
        import multiprocessing

        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(len, ["a", "bb"]) == [1, 2]

    def _no_stderr(self, unit: Unit, ctx: Context) -> None:
        """Take standard error away, and leave a thread and a process behind that never end."""
        child = subprocess.Popen(["sleep", "1000"])
        threading.Thread(target=time.sleep, args=(1000,)).start()
        (Path(self.config.notes) / "pids").write_text(f"{os.getpid()} {child.pid}")
        sys.stderr = None  # type: ignore[assignment]

    def _half_line(self, unit: Unit, ctx: Context) -> None:
        self._no_stderr(unit, ctx)
        sys.stderr = sys.__stderr__
        sys.stderr.write("half a line")

    def _close_descriptors(self, unit: Unit, ctx: Context) -> None:
        os.closerange(0, 3)

    def _close_all_descriptors(self, unit: Unit, ctx: Context) -> None:
        os.closerange(0, 256)
        time.sleep(600)

    def _flood(self, unit: Unit, ctx: Context) -> None:
        for _ in range(100):
            os.write(2, b"x" * (1 << 20))

    def _print_secret(self, unit: Unit, ctx: Context) -> None:
        """Print it where the tail is cut, and line by line."""
        secret = self.config.token.get_secret_value()
        print("x" * 490 + secret, file=sys.stderr)
        print(f"key: {secret}", file=sys.stderr, flush=True)
        os._exit(7)

    def _walk_half(self, unit: Unit, ctx: Context) -> None:
        for _ in range(20):
            for _record in ctx.records("dataset"):
                break

    def _ask_in_parallel(self, unit: Unit, ctx: Context) -> None:
        wrong = []

        def ask(number: int) -> None:
            for _ in range(100):
                key = b"%d" % number
                ctx.memo[key] = key
                if ctx.memo[key] != key or ctx.get(urns.dataset("nobody", "x")) is not None:
                    wrong.append(number)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong

    def _warn_often(self, unit: Unit, ctx: Context) -> None:
        for number in range(20_000):
            ctx.warn("often", str(number) + "x" * 1000)


class Shelf(Catalog[HostileConfig]):
    """A catalog that holds nothing, and tells how much it was given."""

    capabilities = {"record": Support(write=True)}

    def read(self, scope: Scope, ctx: Context) -> Iterable[AnyRecord]:
        """Nothing."""
        return ()

    def write(self, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
        """Take everything."""
        for operation in batch:
            yield Outcome(operation.urn, "written", str(len(operation.set.name)))


class TalkerConfig(HostileConfig):
    """Options whose check prints a secret, and crashes."""

    @field_validator("token")
    @classmethod
    def _talk(cls, token: SecretStr) -> SecretStr:
        print(f"token={token.get_secret_value()}", file=sys.stderr, flush=True)
        os._exit(7)


class Talker(Source[TalkerConfig]):
    """A source with such options."""

    capabilities = frozenset({"record"})

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """Nothing."""
        return ()

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Nothing."""
        return ()
