"""The demo office: in-process servers on loopback that a first run audits."""
