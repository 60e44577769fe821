"""The delegation and the records of a domain that are not about mail."""
