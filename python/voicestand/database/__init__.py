"""SQLite as every room uses it: private files, migrations, durable writes, one-line errors."""
