"""Ends the process that imports it."""

raise SystemExit("licence expired")
