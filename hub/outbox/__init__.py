"""The transactional outbox: consequences committed with their cause, then made to happen."""
