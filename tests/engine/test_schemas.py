"""The published schemas are those of the code; `tools/schemas.py` writes them."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("schemas", ROOT / "tools" / "schemas.py")
assert _spec is not None
assert _spec.loader is not None
schemas = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(schemas)


@pytest.mark.parametrize("name", schemas.DOCUMENTS)
def test_the_published_schema_is_that_of_the_code(name: str) -> None:
    published = (schemas.FOLDER / f"{name}.json").read_text()
    assert published == schemas.schema(schemas.DOCUMENTS[name])
