"""The durable history: SQLite on one machine, PostgreSQL for teams."""
