"""Figures for Prometheus: what came in, how long answers took, what waits, how far the watcher is. Nobody is named.

`/metrics` is for this machine, a read key, or an admin.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select

from occasion.service.effects import KIND, SOURCE
from occasion.store.positions import SEALED, WATCH
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.doors import SESSIONS
from occasion.store.schema.log import POSITIONS, REFUSED, TAIL
from occasion.store.schema.out import DELIVERIES, NOTICES

if TYPE_CHECKING:
    from occasion.service.running import Service

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
READERS = (WATCH, SEALED)
CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """The figures of one application."""

    def __init__(self, service: Service) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "occasion_http_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "occasion_http_request_seconds", "Seconds until the whole answer was sent.", ("route",),
            buckets=BUCKETS, registry=self._registry,
        )  # fmt: skip
        self._items = Counter("occasion_ingest_items", "Items that arrived.", ("outcome",), registry=self._registry)
        self._logins = Counter("occasion_logins", "Tries to log in.", ("way", "outcome"), registry=self._registry)
        for outcome in ("taken", "known", "refused"):
            self._items.labels(outcome)
        self._registry.register(_State(service))

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request; `route` is its template."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def arrived(self, taken: int, known: int, refused: int) -> None:
        """What a batch was made of, once it is committed."""
        for outcome, count in (("taken", taken), ("known", known), ("refused", refused)):
            self._items.labels(outcome).inc(count)

    def login(self, way: str, outcome: str) -> None:
        """A try to log in: way password or oidc; outcome in, wrong or slowed."""
        self._logins.labels(way, outcome).inc()

    def text(self) -> bytes:
        """All of them as Prometheus reads them."""
        return generate_latest(self._registry)


class _State(Collector):
    """What is asked of the records at the time of the scrape."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def describe(self) -> Iterator[Metric]:
        return iter(())  # nothing is asked before the service runs

    def collect(self) -> Iterator[Metric]:
        service = self._service
        yield GaugeMetricFamily("occasion_up", "Whether the service runs.", float(service.running))
        if not service.running:
            return
        yield from _writer(service)
        with service.engine.connect() as connection:
            yield from _records(connection)


def _writer(service: Service) -> Iterator[Metric]:
    writer = service.writer
    gauges = (
        ("occasion_writer_waiting", "Batches and changes that wait for the writer.", writer.waiting),
        ("occasion_writer_alive", "Whether the writer's thread lives.", writer.alive),
        ("occasion_writer_broken", "Whether the last transaction could not be written.", writer.broken is not None),
        ("occasion_watcher_still", "Whether the watcher has stopped over an error.", service.trouble is not None),
        ("occasion_watcher_busy", "Whether the watcher still reads history.", service.watching.busy),
        ("occasion_watcher_late_seconds", "Seconds by which the desk is behind what was taken in.", service.late_s),
    )
    for name, said, value in gauges:
        yield GaugeMetricFamily(name, said, float(value))


def _records(connection: Connection) -> Iterator[Metric]:
    positions = {row.reader: row for row in connection.execute(select(POSITIONS))}
    log = positions.get("log")
    if log is not None:
        yield CounterMetricFamily("occasion_log_position", "The last position of the log.", log.seq)
        lag = GaugeMetricFamily("occasion_reader_lag", "Positions of the log not read yet.", labels=("reader",))
        for name, row in sorted(positions.items()):
            if name in READERS:
                lag.add_metric((name,), max(0, log.seq - row.seq))
        yield lag
    counted = (
        ("occasion_tail_events", "Events that no segment holds yet.", select(func.count()).select_from(TAIL)),
        ("occasion_refused_items", "Items kept as refused.", select(func.count()).select_from(REFUSED)),
        (
            "occasion_changes_set_aside",
            "Changes that the desk could not take.",
            select(func.count()).select_from(REFUSED).where(REFUSED.c.source == SOURCE, REFUSED.c.kind == KIND),
        ),
        ("occasion_sessions", "Sessions that have not ended.", select(func.count()).select_from(SESSIONS)),
        ("occasion_deliveries_waiting", "Webhook messages not delivered yet.", _unsent(DELIVERIES, "done_us")),
        ("occasion_notices_waiting", "Notices not sent yet.", _unsent(NOTICES, "sent_us")),
    )
    for name, said, query in counted:
        yield GaugeMetricFamily(name, said, connection.execute(query).scalar_one())
    states = GaugeMetricFamily("occasion_occasions", "Occasions by kind and state.", labels=("kind", "state"))
    by_state = select(OCCASIONS.c.kind, OCCASIONS.c.state, func.count()).group_by(OCCASIONS.c.kind, OCCASIONS.c.state)
    for kind, state, count in connection.execute(by_state):
        states.add_metric((kind, state), count)
    yield states


def _unsent(table: Any, column: str) -> Any:
    return select(func.count()).select_from(table).where(table.c[column].is_(None))
