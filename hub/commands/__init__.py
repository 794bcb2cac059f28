"""The words of the `hub` command: what serves, and what operates."""
