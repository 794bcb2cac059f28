"""The tests' own servers start wherever the checkout is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support import servers


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run PostgreSQL as somebody else")
def test_programs_behind_a_door(tmp_path: Path) -> None:
    """In a checkout below a folder that only root may enter, PostgreSQL runs from a copy that nobody can reach."""
    tmp_path.chmod(0o700)
    programs = tmp_path / "pginstall" / "bin"
    programs.mkdir(parents=True)
    (programs / "initdb").write_text("#!/bin/sh\necho made\n")
    (programs / "initdb").chmod(0o755)
    with pytest.raises(PermissionError):
        subprocess.run([programs / "initdb"], user="nobody", check=True, cwd="/")
    copy = servers.for_nobody(programs)
    done = subprocess.run([copy / "initdb"], user="nobody", check=True, cwd="/", capture_output=True, text=True)
    assert done.stdout == "made\n"
    assert servers.for_nobody(copy) == copy
