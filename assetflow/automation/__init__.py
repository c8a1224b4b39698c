"""Sensors that look at what has happened: assets that were made, runs that ended, data that grows old."""
