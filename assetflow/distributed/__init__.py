"""The only room that knows Celery."""
