"""Numbers about what goes on, in the form that Prometheus reads."""
