"""What config looks like, whether a given one fits, and what code gets of it."""

# Reading a schema is spread over these; without one of them part of the forms would not be known.
from assetflow.config import collections, scalars, shapes

__all__ = ["collections", "scalars", "shapes"]
