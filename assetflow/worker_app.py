"""The application ``celery -A assetflow.worker_app worker`` starts, configured by the environment."""

from assetflow.errors import AssetflowError
from assetflow.wiring import build_worker_app

__all__ = ["app"]

try:
    app = build_worker_app()
except AssetflowError as error:  # Celery, which imports this, would show a traceback of its own around it
    raise SystemExit(f"error: {error}") from None
