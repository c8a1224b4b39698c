"""The parts of an asset that are made and read one by one: what they are called, and which of them need which."""
