"""The conductor: launches runs and works on them, over protocols only."""
