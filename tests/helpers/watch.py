"""What can be seen of a lake from outside while others work on it."""

from __future__ import annotations

import time

from storage import Lake


class Watch:
    """Notices records that come and commits that begin."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self.look()

    def look(self) -> None:
        """Take all that is there for known; a commit begins where something else appears."""
        self._known = set(self._lake.objects.names("snapshots"))
        self._tags = self._lake.tags()

    def records(self) -> int:
        """How many the journal holds."""
        return sum(1 for _ in self._lake.objects.names("journal"))

    def commit_begins(self) -> bool:
        return bool(self._folders() - {"refs"})

    def commit_reaches(self, folder: str) -> bool:
        """Wait until a commit writes to `folder`; False if it has a tag before."""
        while folder not in (folders := self._folders()) and "refs" not in folders:
            time.sleep(0.003)
        return folder in folders

    def has_new_tag(self) -> bool:
        return self._lake.tags() != self._tags

    def newest_lacks_tag(self) -> bool:
        """Whether the newest commit is one that nobody tagged yet."""
        repository = self._lake.repository
        if repository is None:
            return False
        newest = next(iter(repository.ancestry(branch="main")))
        return "tag" in newest.metadata and newest.metadata["tag"] not in self._lake.tags()

    def _folders(self) -> set[str]:
        """Folders of Icechunk's repository that something new lies in."""
        names = set(self._lake.objects.names("snapshots")) - self._known
        return {name.split("/")[2] for name in names}
