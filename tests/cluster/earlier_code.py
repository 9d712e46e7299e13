"""The code of an earlier commit."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

from tasks.core.errors import DependencyUnavailable
from tests.cluster.compose_services import ROOT

BUNDLE = Path("api/pages/dist")


def unpack_commit(commit: str, folder: Path) -> Path:
    """Put the code of a commit, with this one's bundle of the widget, into the folder.

    Raises:
        DependencyUnavailable: there is no such commit.
    """
    try:
        packed = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    except subprocess.CalledProcessError as error:
        problem = f"the code of {commit} cannot be read: {error.stderr.decode(errors='replace').strip()}"
        raise DependencyUnavailable("git", problem, "name a commit of this clone") from error
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    shutil.copytree(ROOT / BUNDLE, folder / BUNDLE, dirs_exist_ok=True)
    return folder
