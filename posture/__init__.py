"""Audits the security posture of a small business: collect, judge, score, render."""
