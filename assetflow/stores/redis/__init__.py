"""Live run state in Redis or Valkey: packed strings, one script a verb."""
