"""One step in this process: load its inputs, compute, store its outputs."""
