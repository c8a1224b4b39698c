"""What stands in the documentation is true: its programs run, its commands answer as they are said to."""
