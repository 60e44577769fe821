"""The baseline policy, its overlays and its mappings to published frameworks."""
