"""The only room that sends messages to other systems."""
