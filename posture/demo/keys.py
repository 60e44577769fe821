"""DKIM keys of the demo office: made by OpenSSL, their secret halves thrown away."""

RSA_2048 = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu54A2L7HTft/nvByu1KLuJmDNgGNe5UFL/GlOTbIILXx"
    "nTqTA5foqnKf+PUv7jk1neJy4P4e3Hk925ekh4MKl41ovySUG28uWTayz1rtAij7XUi3ZzpXG3MuRNn9VyfBdSe0"
    "zBTnycaeic+qXoEzWoO4R2U11OwwkpVbHISYOoLZcGXYVStMAYmv/yi0fle8addJJw/wtA0HyILEqvVmwJV/yDdD"
    "7/solG9WfetLzbQSGdwc7CpHP19B5FpzaoO199htfrFMV6lNF/46kYc4+xYErw4cAf0P+c2aZ8oqTNW8noQ4u6OK"
    "76zadTTBjgeTkX2k0MUzbR3iP7fOttKiwwIDAQAB"
)
RSA_1024 = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC969H63kV/Q5AfL7Ml9S1+ie13x7XCvxABF5/evYAn4/yDYBN6"
    "YZUtd2zFEx6n0qZLznClv0IKwxP6xJGeA9a1wOJuF4tAaC5Uj8gxhSFjmvzyAyWvmZ9cS40gkdMNWx+gO/7YJHMy"
    "HzaIvf6yQQStgXei9T1FHUy8EItgukI9lQIDAQAB"
)
