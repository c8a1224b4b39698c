"""How a fleet of workers is started: the choices of an installation, not part of the library."""
