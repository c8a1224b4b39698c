"""Traces of runs for OpenTelemetry; nothing of it is there unless a collector is configured."""
