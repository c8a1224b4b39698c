"""Looking at a set-up: what is wrong with it, and what to do about it."""
