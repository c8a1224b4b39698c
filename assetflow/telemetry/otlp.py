"""Sending spans to a collector, and letting users' own spans be part of the step that makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from assetflow.optional_libraries import library
from assetflow.span_ids import span_id, trace_id
from assetflow.telemetry.spans import Span

_WHAT = "tracing (otel_endpoint)"
_NANO = 1_000_000_000
_SOON = 1000  # ms that spans are held back at most


class Sender:
    """Sends spans to a collector, in the background.

    Args:
        endpoint: address of the collector; spans are posted to ``<endpoint>/v1/traces``.

    Raises:
        LoadError: the library is not installed.
    """

    def __init__(self, endpoint: str) -> None:
        self._ids = _Given()
        self._provider = _provider(endpoint, self._ids)
        self._tracer = self._provider.get_tracer("assetflow", version("assetflow"))
        self._trace = library("opentelemetry.trace", what=_WHAT)

    def __call__(self, span: Span) -> None:
        """Send one."""
        self._ids.trace, self._ids.span = trace_id(span.run_id), span.id
        parent = _context_of(self._trace, span.run_id, span.parent) if span.parent else self._no_parent()
        kind = self._trace.SpanKind.CONSUMER if span.parent else self._trace.SpanKind.INTERNAL
        found = self._tracer.start_span(
            span.name, context=parent, start_time=int(span.began * _NANO), attributes=dict(span.attributes), kind=kind
        )
        if span.error is not None:
            found.set_status(self._trace.Status(self._trace.StatusCode.ERROR, span.error))
        found.end(end_time=int(span.ended * _NANO))

    def close(self) -> None:
        """Send what is held back."""
        self._provider.shutdown()

    def _no_parent(self) -> Any:
        return library("opentelemetry.context", what=_WHAT).Context()


def steps_as_parents(run_id: str) -> Callable[[int, int], AbstractContextManager[None]]:
    """What makes a step the parent of the spans that its own code opens, as the one that is recorded of it.

    Returns:
        told index and token of a step, what has to be there around it.
    """

    @contextmanager
    def around(step: int, token: int) -> Iterator[None]:
        trace = library("opentelemetry.trace", what=_WHAT)
        context = library("opentelemetry.context", what=_WHAT)
        held = context.attach(_context_of(trace, run_id, span_id(run_id, step, token)))
        try:
            yield
        finally:
            context.detach(held)

    return around


@lru_cache(maxsize=1)
def ready(endpoint: str) -> bool:
    """Let the spans of users' own code in this process go to the collector, unless they have said where to.

    Raises:
        LoadError: the library is not installed.
    """
    trace = library("opentelemetry.trace", what=_WHAT)
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(_provider(endpoint, None))
    return True


class _Given:
    """Ids that were decided before."""

    trace = 0
    span = 0

    def generate_trace_id(self) -> int:
        """See opentelemetry."""
        return self.trace

    def generate_span_id(self) -> int:
        """See opentelemetry."""
        return self.span

    def is_trace_id_random(self) -> bool:
        """See opentelemetry."""
        return False


def _provider(endpoint: str, ids: _Given | None) -> Any:
    sdk = library("opentelemetry.sdk.trace", what=_WHAT)
    export = library("opentelemetry.sdk.trace.export", what=_WHAT)
    resources = library("opentelemetry.sdk.resources", what=_WHAT)
    otlp = library("opentelemetry.exporter.otlp.proto.http.trace_exporter", what=_WHAT)
    sampling = library("opentelemetry.sdk.trace.sampling", what=_WHAT)
    provider = sdk.TracerProvider(
        resource=resources.Resource.create({"service.name": "assetflow"}),
        sampler=sampling.ALWAYS_ON,
        **({} if ids is None else {"id_generator": ids}),
    )
    exporter = otlp.OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=5)
    provider.add_span_processor(export.BatchSpanProcessor(exporter, schedule_delay_millis=_SOON))
    return provider


def _context_of(trace: Any, run_id: str, span: int) -> Any:
    told = trace.SpanContext(
        trace_id=trace_id(run_id), span_id=span, is_remote=True, trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED)
    )
    return trace.set_span_in_context(
        trace.NonRecordingSpan(told), library("opentelemetry.context", what=_WHAT).Context()
    )
