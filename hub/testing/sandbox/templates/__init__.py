"""Templates and style sheet of a sandbox's pages."""
