"""Partitions: their keys, their windows, and which need which."""
