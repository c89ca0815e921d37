"""Whether a server with a certificate speaks TLS 1.2 and later, and nothing before."""
import shutil
import ssl
import socket
import subprocess
import tempfile
import warnings

from support.sinew import Server


def verdict(program):
    if not shutil.which("openssl"):
        return "not run", "no openssl here to make a certificate with"
    folder = tempfile.mkdtemp()
    certificate, key = folder + "/certificate.pem", folder + "/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with Server(program, None, "--http-cert", certificate, "--http-key", key) as server:
        if not connects(server.http_port, ssl.TLSVersion.TLSv1_2):
            return "fail", "TLS 1.2 refused"
        if connects(server.http_port, ssl.TLSVersion.TLSv1_1):
            return "fail", "TLS 1.1 accepted"
    return "pass", ""


def connects(port, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the old version that is offered on purpose
        context.minimum_version = context.maximum_version = version
    try:
        with socket.create_connection(("127.0.0.1", port), 20) as plain, context.wrap_socket(plain) as secure:
            return secure.version() is not None
    except (ssl.SSLError, ConnectionError):
        return False
