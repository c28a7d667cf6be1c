"""Answers held against the API's own description: whatever calls the API in a test also proves the description."""

import re
from dataclasses import dataclass
from typing import Any

from openapi_schema_validator import OAS31Validator, oas31_format_checker

PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Answer:
    """What the API answered. body: from JSON."""

    status: int
    headers: Any
    body: Any


class Description:
    """The OpenAPI document, put to use."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self._paths = {re.compile(re.sub(r"{\w+}", "[^/]+", path)): item for path, item in document["paths"].items()}

    def check(self, method: str, path: str, answer: Answer) -> None:
        """Nothing when the answer is one that the document announces for the call."""
        assert answer.headers["Cache-Control"] == "no-store"
        operation = self._operation(method, path)
        responses: dict[str, Any] = operation.get("responses", {})
        announced = responses.get(str(answer.status)) or responses.get("default")
        if announced is None:
            assert answer.status in (404, 405), f"{method} {path} is not described, yet answers {answer.status}"
            return self._check_problem(answer)
        if operation:
            assert str(answer.status) in responses or answer.status >= 500, f"{answer.status} is not announced"
        [(content_type, content)] = announced["content"].items()
        assert answer.headers["Content-Type"] == content_type
        self._check(content["schema"], answer.body)
        if content_type == PROBLEM:
            self._check_problem(answer)

    def _operation(self, method: str, path: str) -> dict[str, Any]:
        for pattern, item in self._paths.items():
            if pattern.fullmatch(path.partition("?")[0]) and method.lower() in item:
                found: dict[str, Any] = item[method.lower()]
                return found
        return {}

    def _check_problem(self, answer: Answer) -> None:
        self._check({"$ref": "#/components/schemas/Problem"}, answer.body)
        assert answer.headers["Content-Type"] == PROBLEM
        assert answer.body["status"] == answer.status
        kind = answer.body["type"]
        if kind != "about:blank":
            described = self.document["x-problems"][kind.rpartition("/")[2]]
            assert described == {"type": kind, "title": answer.body["title"], "status": answer.status}

    def _check(self, schema: dict[str, Any], body: Any) -> None:
        whole = {**schema, "components": self.document["components"]}
        faults = list(OAS31Validator(whole, format_checker=oas31_format_checker).iter_errors(body))
        assert faults == []
