"""Certificates for servers under test."""

import os
import subprocess


def make_certificate(folder, name):
    """fullchain.pem, signed by itself, and privkey.pem in this folder, which exists. Every user may read them."""
    key, chain = os.path.join(folder, "privkey.pem"), os.path.join(folder, "fullchain.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", key,
                    "-out", chain], check=True, capture_output=True)
    for path in (key, chain):
        os.chmod(path, 0o644)
