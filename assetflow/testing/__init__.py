"""For those who test their assets."""
