"""The login of the embedded Prefect server: one a data folder, in a file that only its owner may read."""

import secrets
from pathlib import Path

from deployments.stack.stack_file import write_private

LOGIN_FILE = Path("prefect") / "login"
"""Beside the server's data."""
USER = "admin"
SECRET_BYTES = 32


def load_login(data_dir: Path) -> str:
    """Return `admin:<secret>`, made at the first start; kept, so that browsers stay logged in over a restart."""
    file = data_dir / LOGIN_FILE
    file.parent.mkdir(mode=0o700, exist_ok=True)
    # The server's database is there too: logs and parameters of all runs.
    file.parent.chmod(0o700)
    found = file.read_text().strip() if file.exists() else ""
    if not found.startswith(f"{USER}:"):
        found = f"{USER}:{secrets.token_urlsafe(SECRET_BYTES)}"
    write_private(file, f"{found}\n")
    return found


def describe_ui(url: str | None, login: str | None, data_dir: Path) -> str | None:
    """Return the address of Prefect's UI, and the file with its password if it is the embedded server's."""
    return f"{url}  (password in {data_dir.resolve() / LOGIN_FILE})" if url and login else url
