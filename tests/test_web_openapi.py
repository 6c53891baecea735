"""The API does what its description says, whatever it is sent."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from light import light
from schemathesis.openapi import from_asgi
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.routing import Route
from visitors import NO_LEARNER, filled_archive

from web.app import make_app
from web.guard import Access
from web.openapi import PATHS, description

OPERATIONS = [(path, method) for path, methods in PATHS.items() for method in methods]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> BaseSchema:
    home = filled_archive(tmp_path_factory.mktemp("described") / "archive")
    return from_asgi(
        "/api/openapi.json", make_app(home, Access(frozenset({"localhost", "testserver"})), light, NO_LEARNER)
    )


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=map(" ".join, OPERATIONS))
def test_every_answer_is_as_described(described: BaseSchema, path: str, method: str) -> None:
    @given(case=described[path][method].as_strategy())
    @settings(
        max_examples=15,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    def holds(case: Any) -> None:  # how generic a Case is differs from version to version
        # Hypothesis begins each example with the same seed; Whoosh would give two files the same name.
        random.seed()
        # That a box has an inside or that bytes are a photo, no schema can say.
        case.call_and_validate(excluded_checks=[positive_data_acceptance] if method == "post" else [])

    holds()


def test_every_address_of_the_api_is_described() -> None:
    routes = [route for route in make_app(Path("nowhere"), Access()).routes if isinstance(route, Route)]
    known = {
        (route.path.replace(":int", ""), method.lower())
        for route in routes
        for method in (route.methods or set()) - {"HEAD"}
        if route.path.startswith("/api/")
    }
    assert known - {("/api/openapi.json", "get")} == set(OPERATIONS)


def test_the_description_says_whose_it_is() -> None:
    assert description()["info"]["title"] == "ocr-index"
