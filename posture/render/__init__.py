"""Turns an audit into something to read; knows no rule and no check."""
