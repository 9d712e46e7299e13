"""The parent of a run's process: when it dies, what dies with it is no verdict about the site."""

import asyncio
import os

NOTICE_S = 0.3
"""Seconds until the death of the parent is seen: the browser may be gone a moment earlier."""


class ParentProcess:
    """The process that started this one."""

    def __init__(self) -> None:
        self._id = os.getppid()

    async def is_gone(self) -> bool:
        """Whether it has died: a worker that was killed takes its fork server, our browser and us along."""
        if os.getppid() == self._id:
            await asyncio.sleep(NOTICE_S)
        return os.getppid() != self._id
