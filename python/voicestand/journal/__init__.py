"""The durable record of every conversation, in SQLite."""
