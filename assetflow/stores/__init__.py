"""Where live runs are kept: in this process, or in Redis."""
