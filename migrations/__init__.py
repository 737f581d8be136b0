"""The schema, step by step. Forward only, and on SQLite only by adding."""
