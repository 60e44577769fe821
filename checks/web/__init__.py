"""What a web site tells a browser about its own protection."""
