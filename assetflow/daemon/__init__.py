"""The daemon: evaluates schedules and sensors when they are due, and starts the runs that they ask for."""
