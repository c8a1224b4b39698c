"""What `deploy/` holds: read by the tools of its kinds, and run as processes."""
