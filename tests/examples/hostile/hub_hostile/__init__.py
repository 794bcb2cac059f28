"""Plugins that do what no plugin must; each module is one of them."""
