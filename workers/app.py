"""The application of this installation's workers.

Start one with any option of Celery's::

    celery -A workers.app worker --concurrency 4 --queues default,gpu

It is configured by the environment (``ASSETFLOW_REDIS_URL``, ``ASSETFLOW_SIGNING_KEY``,
``ASSETFLOW_MODULES``, ...) or by ``assetflow.toml`` in the working folder.
"""

from assetflow.wiring import build_worker_app

app = build_worker_app()
