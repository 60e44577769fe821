"""What answers on the addresses the client declared."""
