"""The server under load: events a second acknowledged durable, with the catalogue watched and without, over HTTP.

    python bench/serving.py                              # 10 000 000 rows stored first, 200 000 parties, SQLite
    python bench/serving.py --rows 1000000 --seconds 10
    python bench/serving.py --keep DIR                   # keep what was stored, and use it again

Real requests of 100 events each on 64 connections (`--connections`) from this process (bodies made beforehand); random
ids, 20 moments of which an event touches 3, 2 % of the events late by 1 minute to 1 day. An event counts when its
request was answered 200, so it is on disk. Then, at 15 000 a second (`--desk`): how long after the answer an occurrence
is on the desk. Also: how long a start takes until the server is ready, memory. One run, one machine; nothing fails when
it is slow.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import live
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DAY_US = 86_400_000_000
EACH = 100  # events a request
LATE = 0.02
PROBE = "probe_sent"
KEY = "bench-key-0123456789abcdef"


def catalogue() -> str:
    """The twenty moments of live.py, and one that an event reaches at once."""
    moments = {
        f"moment {i + 1}": {"when": text, "owner": "bench", "purpose": "to be timed"}
        for i, text in enumerate(live.TEXTS)
    }
    moments["probe"] = {"when": PROBE, "owner": "bench", "purpose": "to be timed"}
    return json.dumps({"moments": moments})


def names_and_shares() -> tuple[list[str], np.ndarray]:
    """Sixty event names, and how often each comes."""
    rest = 60 - len(live.SHARES)
    shares = np.array([*live.SHARES.values(), *[(1 - sum(live.SHARES.values())) / rest] * rest])
    return [*live.SHARES, *(f"page_{i}" for i in range(rest))], shares / shares.sum()


def store(folder: Path, rows: int, parties: int) -> None:
    """A workspace with so many rows of the last sixty days, by the commands anyone would use."""
    occasion("init", str(folder))
    (folder / "moments.yaml").write_text(catalogue())
    occasion("key", "new", "bench", "--key", KEY, "--workspace", str(folder))
    rng = np.random.default_rng(1)
    names, shares = names_and_shares()
    now = time.time_ns() // 1000
    file = folder.parent / "stored.parquet"
    writer = None
    for _ in range(0, rows, 1_000_000):
        n = min(rows, 1_000_000)
        table = pa.table({
            "party": pa.array([f"party-{i:06d}" for i in rng.integers(0, parties, n).tolist()]),
            "event": pa.array(names).take(pa.array(rng.choice(len(names), n, p=shares))),
            "at": pa.array(np.sort(now - rng.integers(DAY_US, 60 * DAY_US, n)), pa.timestamp("us", "UTC")),
            "id": pa.array([uuid.UUID(bytes=rng.bytes(16)).hex for _ in range(n)]),
        })  # fmt: skip
        writer = writer or pq.ParquetWriter(file, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    occasion("load", str(file), "--workspace", str(folder), "--map", "party=party,name=event,at=at,id=id")
    file.unlink()


def occasion(*arguments: str) -> None:
    """A command of ours."""
    subprocess.run([sys.executable, "-m", "occasion.cli", *arguments], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def server(folder: Path, *options: str) -> Iterator[tuple[int, subprocess.Popen[bytes], float]]:
    """A running one: its port, its process, how many seconds it took to be ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "occasion.cli", "serve", "--port", str(port), "--workspace", str(folder), *options]
    with (folder / "server.log").open("ab") as log:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit((folder / "server.log").read_text()[-2000:]) from None
                time.sleep(0.01)
        yield port, process, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(120)


class Bodies:
    """Requests made beforehand. Times are relative to `sentAt`, as clients send them, so they may wait."""

    def __init__(self, parties: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.parties, (self.names, self.shares) = parties, names_and_shares()
        self.amounts = [{"amount": round(float(a), 2), "country": "PL"} for a in self.rng.gamma(2, 25, 200)]
        self.encode = msgspec.json.Encoder().encode

    def some(self, requests: int) -> list[bytes]:
        """So many requests of EACH events."""
        rng, n = self.rng, requests * EACH
        name = rng.choice(len(self.names), n, p=self.shares).tolist()
        party = rng.integers(0, self.parties, n).tolist()
        ago = np.where(rng.random(n) < LATE, rng.uniform(60, 86_400, n), rng.uniform(0, 0.2, n)).tolist()
        sent = time.time()
        made = []
        for r in range(requests):
            batch = [self.one(name[i], party[i], sent - ago[i]) for i in range(r * EACH, (r + 1) * EACH)]
            made.append(request(self.encode({"batch": batch, "sentAt": iso(sent)})))
        return made

    def one(self, name: int, party: int, at: float) -> dict[str, object]:
        """One track call."""
        text = self.names[name]
        more = self.amounts[party % 200] if text == "order_completed" else {"friend": f"f{party % 40}", "tie": "new"}
        return {
            "type": "track", "userId": f"party-{party:06d}", "event": text, "properties": more,
            "timestamp": iso(at), "messageId": secrets.token_hex(16),
        }  # fmt: skip


def iso(at: float) -> str:
    """RFC 3339, UTC."""
    whole = int(at)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int((at - whole) * 1e6):06d}Z"


def request(body: bytes) -> bytes:
    """A whole HTTP request."""
    import base64

    token = base64.b64encode(f"{KEY}:".encode()).decode()
    head = (
        "POST /v1/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Basic {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Client:
    """Sends on several connections and counts what was answered 200."""

    def __init__(self, port: int, connections: int = 8) -> None:
        self.port, self.connections, self.lock = port, connections, threading.Lock()
        self.answered = self.refused = 0
        self.waits: list[float] = []

    def run(self, bodies: list[bytes], seconds: float, rate: float | None = None) -> float:
        """Send until the bodies or the seconds are over, at `rate` events a second at most; the rate reached."""
        self.answered, self.waits = 0, []
        todo, began = iter(bodies), time.perf_counter()
        pause = None if rate is None else EACH * self.connections / rate
        threads = [
            threading.Thread(target=self._work, args=(todo, began, seconds, pause)) for _ in range(self.connections)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.answered / (time.perf_counter() - began)

    def _work(self, todo: Iterator[bytes], began: float, seconds: float, pause: float | None) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            due = time.perf_counter()
            while time.perf_counter() < began + seconds:
                with self.lock:
                    body = next(todo, None)
                if body is None:
                    return
                at = time.perf_counter()
                status = exchange(link, body)
                took = time.perf_counter() - at
                with self.lock:
                    self.waits.append(took)
                    if status == 200:
                        self.answered += EACH
                    else:
                        self.refused += 1
                if pause is not None:
                    due += pause
                    time.sleep(max(0.0, due - time.perf_counter()))


def exchange(link: socket.socket, body: bytes) -> int:
    """One request and its answer; the status."""
    link.sendall(body)
    got = b""
    while b"\r\n\r\n" not in got:
        got += link.recv(65536)
    head, _, rest = got.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    while len(rest) < length:
        rest += link.recv(65536)
    return int(head.split()[1])


class Desk:
    """Sends an event that is an occasion at once, several times a second, and sees when it is on the desk."""

    def __init__(self, port: int, database: Path) -> None:
        self.port, self.database, self.stop = port, database, threading.Event()
        self.acknowledged: dict[str, float] = {}
        self.shown: dict[str, float] = {}

    def run(self) -> None:
        """Until told to stop."""
        threading.Thread(target=self._look, daemon=True).start()
        run, n = secrets.token_hex(4), 0  # an earlier run's in the same folder are on the desk already
        with socket.create_connection(("127.0.0.1", self.port)) as link:
            while not self.stop.wait(0.05):
                party, n = f"probe-{run}-{n:06d}", n + 1
                item = {"type": "track", "userId": party, "event": PROBE, "messageId": secrets.token_hex(16)}
                if exchange(link, request(json.dumps({"batch": [item]}).encode())) == 200:
                    self.acknowledged[party] = time.perf_counter()

    def _look(self) -> None:
        last = 0
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as connection:
            while not self.stop.is_set() or len(self.shown) < len(self.acknowledged):
                found = connection.execute(
                    "SELECT number, party FROM occasions WHERE moment = 'probe' AND number > ? ORDER BY number", (last,)
                ).fetchall()
                for number, party in found:
                    self.shown.setdefault(party, time.perf_counter())
                    last = number
                time.sleep(0.005)

    def delays(self) -> np.ndarray:
        """Seconds from the answer to the desk; infinite for what did not come."""
        return np.array([self.shown.get(p, np.inf) - at for p, at in self.acknowledged.items()])


def processes(process: subprocess.Popen[bytes]) -> list[int]:
    """The server and the processes it started (watching, sealing), itself first."""
    children = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [process.pid, *sorted(int(pid) for path in children for pid in path.read_text().split())]


def memory_mb(process: subprocess.Popen[bytes], *, own: bool = False) -> int:
    """Resident memory of the server and its processes now; `own`: without files that are mapped."""
    total, kind = 0, "RssAnon" if own else "VmRSS"
    for pid in processes(process):
        status = Path(f"/proc/{pid}/status").read_text()
        total += int(next(line for line in status.splitlines() if line.startswith(kind)).split()[1])
    return total // 1024


def processor_s(process: subprocess.Popen[bytes]) -> dict[int, float]:
    """Seconds of processor time so far of each of them."""
    tick = os.sysconf("SC_CLK_TCK")
    found = {}
    for pid in processes(process):
        said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        found[pid] = (int(said[11]) + int(said[12])) / tick
    return found


def watching(port: int) -> str:
    """Whether the watcher follows: well, behind, still."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=20) as answer:
        return str(json.load(answer)["watching"])


def positions(folder: Path) -> dict[str, int]:
    """How far each reader of the log is."""
    with sqlite3.connect(f"file:{folder / 'data' / 'records.db'}?mode=ro", uri=True) as connection:
        return dict(connection.execute("SELECT reader, seq FROM positions").fetchall())


def caught_up(folder: Path) -> float:
    """Seconds until the watcher has read what was there when it was asked."""
    begun, there = time.perf_counter(), positions(folder)["log"]
    while positions(folder)["watch"] < there:
        time.sleep(0.1)
    return time.perf_counter() - begun


def settled(folder: Path) -> None:
    """Wait until the watcher has read all of history: until the records say so of every version."""
    with sqlite3.connect(f"file:{folder / 'data' / 'records.db'}?mode=ro", uri=True) as connection:
        while True:
            query = "SELECT count(*), sum(ready) FROM versions WHERE until_us IS NULL"
            ((watched, ready),) = connection.execute(query).fetchall()  # to the end: no reading stays open
            if watched and watched == ready:
                return
            time.sleep(0.5)


def main() -> None:
    """The whole of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--parties", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--most", type=int, default=110_000, help="events a second that bodies are made for")
    parser.add_argument("--desk", type=float, default=15_000, help="events a second for the delays to the desk")
    parser.add_argument("--idle", type=float, default=0, help="seconds it stands idle before the load, rows coming in")
    parser.add_argument("--connections", type=int, default=64, help="of the client, each with one request at a time")
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="occasion-serving-") as scratch:
        folder = asked.keep or Path(scratch) / "work"
        if not (folder / "occasion.toml").is_file():
            began = time.perf_counter()
            store(folder, asked.rows, asked.parties)
            print(f"{asked.rows:,} rows of {asked.parties:,} parties stored in {time.perf_counter() - began:.0f} s")
        measure(folder, asked)


def measure(folder: Path, asked: argparse.Namespace) -> None:
    """Read history once, then every figure from a server that was stopped and started."""
    print(f"load before: {os.getloadavg()[0]:.1f}", flush=True)
    began = time.perf_counter()
    with server(folder) as (port, process, _):
        settled(folder)
        until_well(port, 0)
        print(f"history read by the watcher: {time.perf_counter() - began:.0f} s, {memory_mb(process)} MB", flush=True)
    bodies = Bodies(asked.parties, 2)
    requests = int(asked.seconds * asked.most / EACH)
    rates = {}
    for label, options in (("watched", ()), ("storing only", ("--no-watch",))):
        some = bodies.some(requests)
        os.sync()  # what was written before is not on its way to the disk any more
        with server(folder, *options) as (port, process, ready):
            well = until_well(port, ready) if not options else ready
            time.sleep(0 if options else asked.idle)
            client = Client(port, asked.connections)
            client.run(some[: len(some) // 20], 2)
            before, begun, at = processor_s(process), time.perf_counter(), positions(folder).get("watch", 0)
            rates[label] = client.run(some[len(some) // 20 :], asked.seconds)
            took, there = time.perf_counter() - begun, positions(folder)
            spent = [
                round(1e6 * (now - before.get(pid, 0.0)) / max(1, client.answered), 1)
                for pid, now in processor_s(process).items()
            ]
            waits = np.percentile(client.waits, [50, 99]) * 1000
            print(
                f"{label}: {rates[label]:,.0f} events/s, a request p50 {waits[0]:.0f} ms, p99 {waits[1]:.0f} ms, "
                f"{client.refused} not 200; ready after {ready:.2f} s, watching after {well:.2f} s; "
                f"{memory_mb(process)} MB; processor us an event, server and its processes: {spent}", flush=True,
            )  # fmt: skip
            if not options:
                print(f"watched: {(there['watch'] - at) / took:,.0f} events/s read and what follows on record; "
                      f"{there['log'] - there['watch']:,} behind at the end, {caught_up(folder):.1f} s to catch up",
                      flush=True)  # fmt: skip
        if label == "watched":
            some = bodies.some(int(asked.seconds * asked.desk / EACH))
            to_the_desk(folder, some, asked.seconds, asked.desk)
    print(f"watched / storing only: {rates['watched'] / rates['storing only']:.2f}")


def until_well(port: int, ready: float) -> float:
    """Seconds from the start until the watcher stands where it stood."""
    begun = time.perf_counter()
    while watching(port) != "well":
        time.sleep(0.01)
    return ready + time.perf_counter() - begun


def to_the_desk(folder: Path, some: list[bytes], seconds: float, asked: float) -> None:
    """At this rate: how long after the answer an occurrence is on the desk."""
    os.sync()
    with server(folder) as (port, process, ready):
        until_well(port, ready)
        desk = Desk(port, folder / "data" / "records.db")
        looking = threading.Thread(target=desk.run)
        looking.start()
        rate = Client(port).run(some, seconds, rate=asked)
        desk.stop.set()
        looking.join()
        time.sleep(3)
        delays = desk.delays()
        p50, p99 = np.percentile(delays, [50, 99], method="nearest") * 1000
        print(
            f"at {rate:,.0f} events/s: answered -> on the desk p50 {p50:.0f} ms, p99 {p99:.0f} ms of {len(delays)}; "
            f"{int(np.isinf(delays).sum())} did not come; ready after {ready:.2f} s; {memory_mb(process)} MB",
            flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
