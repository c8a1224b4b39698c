"""The application ``celery -A assetflow.worker_app worker`` starts, configured by the environment."""

from assetflow.wiring import build_worker_app

app = build_worker_app()
