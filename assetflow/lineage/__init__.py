"""Who needs whom, and which of them are meant."""
