"""The base of every option: frozen, closed, the same model in YAML, forms and content keys."""

from pydantic import BaseModel, ConfigDict


class Spec(BaseModel):
    """Frozen pydantic model that refuses unknown keys and non-finite numbers."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=()
    )
