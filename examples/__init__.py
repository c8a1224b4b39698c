"""Runnable projects on real data."""
