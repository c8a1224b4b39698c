"""The embedded cluster: the production code path on one machine."""
