"""``python -m posture``."""

import sys


def main() -> None:
    """Run the command line, or say that it cannot be run."""
    try:
        from posture.cli import main as run
    except ImportError as error:
        sys.stderr.write(f"The installation is broken: {error}. Install posture again.\n")
        sys.exit(4)
    run()


if __name__ == "__main__":
    main()
