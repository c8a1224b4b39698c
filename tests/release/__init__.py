"""What is handed out: the wheel and the sdist, and that they work where nothing else of the project is."""
