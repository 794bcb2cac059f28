"""Hosts' connections to providers: authorization, authenticated HTTP, readiness."""
