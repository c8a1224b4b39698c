"""The application of this installation's workers.

Start one with any option of Celery's::

    celery -A workers.app worker --concurrency 4 --queues default,gpu

It is configured by the environment (``ASSETFLOW_REDIS_URL``, ``ASSETFLOW_SIGNING_KEY``,
``ASSETFLOW_MODULES``, ...) or by ``assetflow.toml`` in the working folder. Where only the package is installed it is
``assetflow.worker_app``.
"""

from assetflow.worker_app import app

__all__ = ["app"]
