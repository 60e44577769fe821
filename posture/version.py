"""The installed version."""

from importlib.metadata import version

VERSION = version("smb-posture")
"""As the distribution's metadata has it."""
