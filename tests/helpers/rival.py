"""A process that commits other tags to the lake of a campaign, and can be killed at it."""

from __future__ import annotations

import subprocess
import sys

from storage import Lake, open_lake


class Rival:
    """A committer in a process of its own; each of its tags names all labels of that moment."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self.tags: list[str] = []
        self._start()

    def begin(self) -> None:
        """Let it begin to commit another tag."""
        self.tags.append(f"rival/cycle-{len(self.tags):03d}")
        self._tell(self.tags[-1])

    def kill(self) -> bool:
        """Kill it and start another; whether it had not said that its commit is done."""
        self._process.kill()
        said, _ = self._process.communicate()
        self._start()
        return self.tags[-1] not in said

    def finish(self) -> None:
        """Let it commit all its tags, those again that it was killed at, and end."""
        for tag in self.tags:
            self._tell(tag)
        said, _ = self._process.communicate()
        assert said.split() == self.tags, f"the rival committed {said.split()}, not {self.tags}"

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, self._lake.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def _tell(self, tag: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{tag}\n")


if __name__ == "__main__":
    lake = open_lake(sys.argv[1])
    lake.history()
    print("ready", flush=True)
    for line in sys.stdin:
        tag = line.strip()
        lake.commit(tag, {"label": lake.keys("label")})
        print(tag, flush=True)
