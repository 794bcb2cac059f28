"""Plugins that the documentation shows; tests load them and compare the text."""
