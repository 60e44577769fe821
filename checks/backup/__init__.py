"""Whether the newest good backup is young enough and the oldest old enough."""
