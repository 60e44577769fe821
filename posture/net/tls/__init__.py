"""A prober for TLS servers that asks one question per connection."""
