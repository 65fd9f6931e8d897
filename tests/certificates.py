"""A certificate authority of our own, and a server certificate for 127.0.0.1 and localhost that it signed."""

import datetime
import ipaddress
import secrets
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def authority(directory: Path) -> tuple[Path, ssl.SSLContext]:
    """The authority's certificate as a file, and what a server speaks TLS with."""
    now = datetime.datetime.now(datetime.UTC)
    me = f"test authority {secrets.token_hex(4)}"  # a process may trust several, and tells them apart by their names
    root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def named(subject: str, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(_name(me))
        builder = builder.public_key(public).serial_number(x509.random_serial_number())
        return builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
            now + datetime.timedelta(days=1)
        )

    signer = named(me, root.public_key())
    signer = signer.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    places = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    server = named("localhost", key.public_key())
    server = server.add_extension(x509.SubjectAlternativeName(places), critical=False)
    server = server.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)

    bundle, chain = directory / "authority.pem", directory / "server.pem"
    bundle.write_bytes(signer.sign(root, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain.write_bytes(private + server.sign(root, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return bundle, context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
