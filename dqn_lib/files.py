"""Write a file completely or not at all, also when the process is killed or the disk is full."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A new binary file that replaces `path` once the block has ended without an error.

    Until then the file at `path` stays as it was. After an error the new one is deleted.

    Raises:
        OSError: if the file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def append(path: Path, data: bytes) -> None:
    """Append `data` to the file at `path`; after an error the file is as long as before.

    Raises:
        OSError: if the file cannot be written.
    """
    with open(path, "ab", buffering=0) as file:
        length = file.tell()
        try:
            while data:  # a disk that becomes full accepts a part first, and raises at the next attempt
                data = data[file.write(data) :]
            os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(length)
            raise
