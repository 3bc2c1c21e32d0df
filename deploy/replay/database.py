"""Aurora's part: PostgreSQL at the address that the name leads to, over verified TLS only, with the user, password and database of the data stack."""

import glob
import os
import shutil
import subprocess

import trustme
from network import WORKSHOP, Namespace, command
from references import DATABASE, EXPORTS, SECRETS
from waiting import eventually

# As rds.force_ssl has it: nobody comes in without TLS.
WHO_MAY_COME_IN = "local all postgres trust\nhostssl all all 10.42.0.0/16 scram-sha-256\n"


class Database:
    def __init__(self, properties):
        assert properties["Engine"] == "aurora-postgresql"
        self.name = properties["DatabaseName"]
        self.namespace = Namespace("aurora", DATABASE)
        self.folder = WORKSHOP / "aurora"
        self.folder.mkdir(mode=0o700)
        self.authority = trustme.CA()
        self.certificates = self.authority.cert_pem.bytes().decode()
        self._own(self.folder)
        self._as_postgres(_program("initdb"), "-D", self.folder / "data", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
        self._certify()
        self.process = self._serve()
        eventually("PostgreSQL answers", lambda: self._psql("postgres", "SELECT 1", check=False).returncode == 0)
        self._make_user()

    def _certify(self):
        certificate = self.authority.issue_cert(EXPORTS["DatabaseHost"])
        certificate.private_key_and_cert_chain_pem.write_to_path(str(self.folder / "server.pem"))
        (self.folder / "server.pem").chmod(0o600)
        (self.folder / "data" / "pg_hba.conf").write_text(WHO_MAY_COME_IN)
        self._own(self.folder / "server.pem")

    def _serve(self):
        pem = self.folder / "server.pem"
        settings = {"listen_addresses": DATABASE, "port": 5432, "unix_socket_directories": self.folder, "fsync": "off"}
        settings |= {"ssl": "on", "ssl_cert_file": pem, "ssl_key_file": pem, "password_encryption": "scram-sha-256"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command_line = self.namespace.inside(*_as_user(), _program("postgres"), "-D", self.folder / "data", *options)
        with (self.folder / "log").open("w") as log:
            return subprocess.Popen(command_line, stdout=log, stderr=log, env={"PATH": os.environ["PATH"]})

    def _make_user(self):
        """The master user of an Aurora cluster: it may make databases and roles, and is no superuser."""
        (user, password) = SECRETS[EXPORTS["DatabaseSecret"]].values()
        self._psql("postgres", f"CREATE ROLE {user} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'")
        self._psql("postgres", f"CREATE DATABASE {self.name} OWNER {user}")

    def ask(self, query):
        """The rows of a query, as text."""
        return self._psql(self.name, query).stdout.splitlines()

    def _psql(self, database, query, check=True):
        done = self._as_postgres(
            _program("psql"), "-X", "-A", "-t", "-h", self.folder, "-U", "postgres", "-d", database, "-c", query, check=False
        )
        assert done.returncode == 0 or not check, done.stderr
        return done

    def _as_postgres(self, *arguments, check=True):
        line = self.namespace.inside(*_as_user(), *arguments)
        done = subprocess.run(line, capture_output=True, text=True, cwd="/", env={"PATH": os.environ["PATH"]})
        assert done.returncode == 0 or not check, done.stderr
        return done

    def _own(self, path):
        command("chown", "postgres:postgres", path)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def _as_user():
    return [shutil.which("setpriv"), "--reuid=postgres", "--regid=postgres", "--init-groups"]


def _program(name):
    """Debian keeps the server's programs out of the path."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    return found[-1] if found else shutil.which(name)
