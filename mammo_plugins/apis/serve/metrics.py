"""Numbers for Prometheus; none of them names a patient, a study or an image."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .job_table import JobTable
from .spool import Spool

_SECONDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


class Metrics:
    """Counters of this process, and the table's numbers as they are when they are asked for.

    Args:
        table, spool: of the service.
        worker_starts: how often a worker was started.
        model: digest of the loaded model.
    """

    def __init__(
        self, table: JobTable, spool: Spool, worker_starts: Callable[[], int], model: Callable[[], str]
    ) -> None:
        self._registry = CollectorRegistry()
        self.objects = Counter(
            'mammo_objects', 'objects that came in, by what became of them', ['outcome'], registry=self._registry
        )
        self.deliveries = Counter(
            'mammo_deliveries', 'deliveries by outcome', ['destination', 'outcome'], registry=self._registry
        )
        self.prediction_seconds = Histogram(
            'mammo_prediction_seconds', 'of a study', buckets=_SECONDS, registry=self._registry
        )
        self._registry.register(_State(table, spool, worker_starts, model))

    def text(self) -> bytes:
        """All of them, in the text format of Prometheus."""
        return generate_latest(self._registry)


class _State(Collector):
    def __init__(
        self, table: JobTable, spool: Spool, worker_starts: Callable[[], int], model: Callable[[], str]
    ) -> None:
        self._table, self._spool, self._worker_starts, self._model = table, spool, worker_starts, model

    def collect(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily('mammo_jobs', 'jobs by state', labels=['state'])
        for state, count in self._table.count().items():
            jobs.add_metric([state.value], count)
        yield jobs
        images = self._table.ask('SELECT COUNT(*) FROM images')[0][0]
        yield GaugeMetricFamily('mammo_images', 'images on disk', images)
        yield GaugeMetricFamily('mammo_free_bytes', 'free space of the spool', self._spool.free_bytes())
        yield GaugeMetricFamily('mammo_events', 'events in the log', self._table.num_events)
        yield GaugeMetricFamily('mammo_worker_starts', 'workers started by this service', self._worker_starts())
        model = GaugeMetricFamily('mammo_model', 'the model that is loaded', labels=['digest'])
        if self._model():
            model.add_metric([self._model()], 1)
        yield model

    def describe(self) -> list[Metric]:
        return []  # asked for when it is registered, before there is anything
