"""The web server: REST and live events over what the command line shows. It never loads users' code."""
