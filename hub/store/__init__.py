"""The database: models, sessions, encrypted values and migrations."""
