"""The built-in areas: facts, collectors and checks, one package per area."""
