"""Who we are to S3: endpoint, region and credentials, found the way AWS's own tools find them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from storage.errors import LakeError

if TYPE_CHECKING:
    from obstore.store import S3Credential

NOT_RENEWED = "credentials were not renewed"

_KEPT = timedelta(minutes=10)
"""How long credentials are used without asking anew: botocore renews them in time for that."""


@dataclass(frozen=True)
class Account:
    """A way into S3.

    Attributes
    ----------
    endpoint
        Address of the store, such as ``https://s3.eu-central-1.amazonaws.com``.
    region
        AWS's, or "us-east-1" for stores that know none.
    """

    endpoint: str
    region: str
    _credentials: Any = field(repr=False)

    def credentials(self) -> S3Credential:
        """Valid credentials, renewed where they are temporary, and when to ask again (UTC)."""
        from botocore.exceptions import BotoCoreError

        try:
            frozen = self._credentials.get_frozen_credentials()
        except BotoCoreError as error:
            raise LakeError(f"{NOT_RENEWED}: {error}") from error
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + _KEPT,
        }


def account() -> Account:
    """Return the account that the AWS variables, or the profile they name, describe."""
    return _account(frozenset(pair for pair in os.environ.items() if pair[0].startswith("AWS_")))


@lru_cache(maxsize=1)
def _account(variables: frozenset[tuple[str, str]]) -> Account:
    from botocore.exceptions import BotoCoreError
    from botocore.session import get_session

    session = get_session()
    try:
        # AWS's other tools read AWS_REGION, botocore AWS_DEFAULT_REGION alone
        region = dict(variables).get("AWS_REGION") or session.get_config_variable("region")
        client = session.create_client("s3", region_name=region or "us-east-1")
        credentials = session.get_credentials()
    except (BotoCoreError, ValueError) as error:
        raise LakeError(
            f"the settings for S3 do not hold together: {error}; check the AWS_ variables and the "
            "profile"
        ) from error
    if credentials is None:
        raise LakeError(
            "there are no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "AWS_PROFILE"
        )
    return Account(client.meta.endpoint_url, client.meta.region_name, credentials)
