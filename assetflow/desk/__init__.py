"""A process that holds definitions and answers questions about them, so that whoever asks need not load them."""
