"""Certificates and protocol versions of the client's servers."""
