"""Public keys whose secret halves were thrown away, made by OpenSSL."""

from posture.demo.keys import RSA_1024, RSA_2048

__all__ = ["ED25519", "PKCS1_1024", "RSA_512", "RSA_1024", "RSA_2048"]

RSA_512 = (
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANNG9mJHri1jli5Xjstdo6fVlXiLsl1dWihf95NoM0/FHsPw7qgDTDvCKFjf"
    "IondGzGMFY5WPx7jv8PJiubHnO0CAwEAAQ=="
)
PKCS1_1024 = (
    "MIGJAoGBALTxBzDXvdNUfbNhzMDQuqjVnsnSW5XNMf7iSUYSimFFYiEqbrzAC0CAU5I0nbx3DFJqCvff5nZA/kNXwZgd"
    "ZsjHUxr7KeZiFYJJQx+HWd4C365JHM3nLlnQpeThfnEJHAef0/xN/iXbBb/RB5SHbovp+mgsYsboOeoRbX9M7EhvAgMB"
    "AAE="
)
ED25519 = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
"""That of RFC 8463 §A.2."""
