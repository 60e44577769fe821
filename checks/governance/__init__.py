"""What only people can say: attestations signed by a named person."""
