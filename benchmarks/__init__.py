"""What the framework costs, against raw Celery and against two bare processes. See README.md."""
