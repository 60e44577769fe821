from __future__ import annotations

import pytest

from tests.render.outputs import AUDITS, FOLDER, outputs


@pytest.mark.parametrize("name", AUDITS)
def test_every_output_is_as_it_was_reviewed(name: str) -> None:
    made = outputs(name, AUDITS[name])
    kept = {file: (FOLDER / file).read_bytes() for file in made}
    for file, data in made.items():
        assert data == kept[file], f"{file} differs; see tests/render/outputs.py"


def test_nothing_lies_in_the_folder_that_is_not_compared() -> None:
    made = {file for name, audit in AUDITS.items() for file in outputs(name, audit)}
    assert {path.name for path in FOLDER.iterdir()} == made
