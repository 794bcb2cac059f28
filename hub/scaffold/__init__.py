"""What authors of providers get from the command line: a package that works as written, and a check of what they made."""
