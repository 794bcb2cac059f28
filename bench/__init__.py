"""Measures the hub against named floors, on both engines; nothing here is a test and nothing is ever asserted."""
