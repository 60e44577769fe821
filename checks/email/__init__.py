"""What a domain publishes about mail: SPF, DMARC and MX."""
