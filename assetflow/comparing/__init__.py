"""How two values of one asset differ."""
