"""The secret that tokens are signed with: a file of its owner's only."""

import contextlib
import os
import secrets
from pathlib import Path

BYTES = 32


def kept_secret(path: Path) -> bytes:
    """Return the secret in *path*; make both the first time.

    Raises ValueError if the file is not what was written there.
    """
    if not path.exists():
        _write(path, secrets.token_hex(BYTES))
    path.chmod(0o600)
    text = path.read_text().strip()
    if len(text) != 2 * BYTES or not set(text) <= set("0123456789abcdef"):
        raise ValueError(f"{path}: not a secret of ours; delete it, and a new one is made")
    return bytes.fromhex(text)


def _write(path: Path, text: str) -> None:
    """Write the whole file or nothing; another process that was first is not overwritten."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w") as opened:
        opened.write(text + "\n")
        os.fsync(opened.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
