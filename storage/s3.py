"""Objects in an S3 bucket."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from storage.account import NOT_RENEWED, Account, account
from storage.errors import LakeError, MissingObject
from storage.patience import LONGEST_ANSWER, Outage, patiently

if TYPE_CHECKING:
    import icechunk
    from obstore.store import S3Store

PROBES = ".probe"
"""Folder of the objects by which a store is tried; readers pass it by."""

T = TypeVar("T")

_CURES = {
    "AccessDenied": "these credentials lack the right to it: ask for the rights to get, put, list "
    "and delete objects",
    "AuthorizationHeaderMalformed": "the bucket is in another region: set AWS_REGION",
    "ExpiredToken": "the credentials have expired: renew them",
    "InvalidAccessKeyId": "the key is unknown there: check AWS_ACCESS_KEY_ID or the profile",
    "InvalidToken": "the session token is wrong: check AWS_SESSION_TOKEN or the profile",
    "NotImplemented": "a lake needs conditional writes: use a store that has them, or a directory",
    "NoSuchBucket": "there is no such bucket: create it, or check its name and the endpoint",
    "PermanentRedirect": "the bucket is in another region: set AWS_REGION",
    "RequestTimeTooSkewed": "the clock of this machine is wrong: set it",
    "SignatureDoesNotMatch": "the secret key is wrong: check AWS_SECRET_ACCESS_KEY or the profile",
}
_BUSY = {
    "ConditionalRequestConflict",
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
}
_URL = re.compile(r"s3://([\w.-]+)(?:/(\w[\w.-]*(?:/\w[\w.-]*)*))?/?", re.ASCII)
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w+)</Code>|code: \"(\w+)\"")
_NO_ANSWER = re.compile(
    r"HTTP error|dispatch failure|(service|streaming|response) error|(?<!_)tim(ed out|eout)"
)
_FAILURE = re.compile(r"Connection \w+|connection closed|dns error|(?<!_)tim(ed out|eout)")
_LOCKED_OUT = re.compile(rf"{NOT_RENEWED}[^\"\n]*")

_LACKS = re.compile(r"(snapshot|manifest|transaction log) not found")
"""What Icechunk says where the store answers 404 to what a commit refers to."""

_START = 10.0
"""Seconds that a store may take, once it answers again, to find all that it keeps."""

_FORGOTTEN = 60.0
"""Seconds after which what it lacks may be due to another start."""


class S3Objects:
    """Immutable objects in the bucket and below the prefix that ``s3://bucket/prefix`` names.

    Every object is put with ``If-None-Match: *``, so that whoever races, one wins. Here alone is
    a request tried again: obstore does not, for it could not tell its own earlier attempt, whose
    answer was lost, from another writer's.
    """

    at_once = 16

    def __init__(self, url: str) -> None:
        if not (named := _URL.fullmatch(url)):
            raise LakeError(
                f"{url} is no place for a lake: write s3://bucket/prefix with letters, digits, "
                "_ . - and / in the prefix"
            )
        self.url = url.rstrip("/")
        self._bucket, self._prefix = named[1], named[2] or ""
        self._lacked = -_FORGOTTEN, -_FORGOTTEN  # the first and the last time, seconds

    def __reduce__(self) -> tuple[type[S3Objects], tuple[str]]:
        return S3Objects, (self.url,)

    @property
    def store(self) -> str:
        """What to call the place in a message that it does not answer."""
        return f"the store {self._account.endpoint} of the lake {self.url}"

    def create(self, name: str, data: bytes, durable: bool = True) -> bool:
        """Store `data` once and durably; False, and nothing changed, when `name` existed."""
        attempts = 0

        def attempt() -> bool:
            from obstore.exceptions import AlreadyExistsError

            nonlocal attempts
            attempts += 1
            try:
                self._store.put(name, data, mode="create")
            except AlreadyExistsError:
                if not self.exists(name):
                    raise Outage("it wrote neither of two rivals") from None
                return attempts > 1 and self.read(name) == data
            return True

        return self._ask(name, attempt)

    def read(self, name: str) -> bytes:
        """Return the bytes of `name`, or raise `MissingObject`."""
        return self._ask(name, lambda: bytes(self._store.get(name).bytes()))

    def exists(self, name: str) -> bool:
        try:
            self.size(name)
        except MissingObject:
            return False
        return True

    def names(self, prefix: str) -> Iterator[str]:
        """Names of all objects below the folder `prefix`, in no order."""
        yield from self._ask(
            prefix, lambda: [meta["path"] for page in self._store.list(prefix) for meta in page]
        )

    def folders(self, prefix: str) -> Iterator[str]:
        """Last parts of the names of the folders in the folder `prefix`, in no order."""
        found = self._ask(prefix, lambda: self._store.list_with_delimiter(prefix))
        yield from (name.rpartition("/")[2] for name in found["common_prefixes"])

    def size(self, name: str) -> int:
        """Bytes of `name`; raises `MissingObject`."""
        return self._ask(name, lambda: self._store.head(name)["size"])

    def modified(self, name: str) -> datetime:
        """When `name` was written, UTC; raises `MissingObject`."""
        return self._ask(name, lambda: self._store.head(name)["last_modified"])

    def leftovers(self) -> Iterator[str]:
        """Names of what writers have at work, or left behind when they were killed at it."""
        yield from self.names(PROBES)

    def delete(self, name: str) -> None:
        """Remove `name`, for clean-up and repair only; nothing happens where there is none."""
        self._ask(name, lambda: self._store.delete(name))

    def stranger(self) -> str | None:
        """Name of something that lies here, None where nothing does."""

        def attempt() -> str | None:
            first = next(iter(self._store.list()), ())
            names = (meta["path"] for meta in first)
            return next((name for name in names if not name.startswith(PROBES)), None)

        return self._ask("the folder", attempt)

    def check_writable(self) -> None:
        """Refuse a bucket that two writers could not share, or that this user may not write to."""
        from storage.race import check_conditional_writes

        where = f"{self._account.endpoint}/{self._bucket}"
        self._ask(PROBES, lambda: check_conditional_writes(self._store, where, PROBES))

    def storage(self, folder: str) -> icechunk.Storage:
        """Icechunk's way to the repository in `folder`."""
        import icechunk

        return icechunk.s3_storage(
            bucket=self._bucket,
            prefix=self._path(folder),
            region=self._account.region,
            endpoint_url=self._account.endpoint,
            allow_http=self._account.endpoint.startswith("http://"),
            force_path_style=True,
            get_credentials=_credentials_of_icechunk,
        )

    def alone(self) -> AbstractContextManager[None]:
        """Nobody: Icechunk notices on S3 when two commit at once, and both try again."""
        return nullcontext()

    def explain(self, what: str, said: str) -> Exception:
        """`Outage` where waiting helps, else a `LakeError`, for what a library said of `what`.

        What a store says may quote keys and signatures, so nothing but its error code is told.
        """
        name = f"{what} of the lake {self.url}"
        if found := _LOCKED_OUT.search(said):
            return Outage(found[0])
        status = int(found[1]) if (found := _STATUS.search(said)) else 0
        code = (found[1] or found[2]) if (found := _CODE.search(said)) else ""
        if status == 501:
            code = "NotImplemented"
        elif code in _BUSY or status in (408, 429) or status >= 500:
            return Outage(f"{status or ''} {code}".strip())
        if not status and not code:
            if _NO_ANSWER.search(said):
                return Outage(found[0] if (found := _FAILURE.search(said)) else "no answer")
            if _LACKS.search(said) and self._may_have_just_started():
                return Outage("it does not find what it was given")
            reason = said.partition("Debug source")[0].strip().splitlines()[-1].lstrip("`-> x")
            return LakeError(f"{name} failed: {reason}")
        cure = _CURES.get(code, "check the AWS_ variables, the profile and your rights there")
        return LakeError(
            f"{name} is out of reach: the store {self._account.endpoint} answers "
            f"{code or status}; {cure} (nothing is lost)"
        )

    def _may_have_just_started(self) -> bool:
        """Whether the store may lack for a moment what it keeps, as one does that was killed."""
        now = time.monotonic()
        first, last = self._lacked
        self._lacked = (now if now - last > _FORGOTTEN else first), now
        return now - self._lacked[0] < _START

    def _ask(self, name: str, request: Callable[[], T]) -> T:
        """Return what `request` returns, waiting while the store is away."""
        from obstore.exceptions import BaseError

        def attempt() -> T:
            try:
                return request()
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise self.explain(name, str(error)) from None
                raise MissingObject(f"the lake {self.url} holds no {name}") from None
            except BaseError as error:
                raise self.explain(name, str(error)) from None

        return patiently(self.store, attempt)

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}".strip("/")

    @cached_property
    def _account(self) -> Account:
        return account()

    @cached_property
    def _store(self) -> S3Store:
        from obstore.store import S3Store

        return S3Store(
            self._bucket,
            prefix=self._prefix or None,
            endpoint=self._account.endpoint,
            region=self._account.region,
            virtual_hosted_style_request=False,
            client_options={
                "allow_http": True,
                "connect_timeout": "5s",
                "timeout": f"{LONGEST_ANSWER:.0f}s",
            },
            retry_config={"max_retries": 0},
            credential_provider=self._account.credentials,
        )


def _credentials_of_icechunk() -> Any:
    """Asked for by Icechunk wherever it wakes up: it pickles this function, no credentials."""
    import icechunk

    told = account().credentials()
    return icechunk.S3StaticCredentials(
        told["access_key_id"], told["secret_access_key"], told["token"], told["expires_at"]
    )
