"""How people sign in: multi-factor authentication and administrators."""
