"""How to talk: every socket, HTTP request and process goes through this package."""
