"""A service as an integrator writes one: the client of docs/examples/ask.py."""

import importlib.util
import json
from types import ModuleType
from typing import Any

from tests.processes.databases import ROOT
from tests.processes.demo import RunningDemo


def _example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ask", ROOT / "docs" / "examples" / "ask.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Service:
    """Holds a token of one demo service and asks with it."""

    def __init__(self, demo: RunningDemo, client_id: str) -> None:
        self._example = _example()
        self._demo = demo
        self._client_id = client_id
        service = next(one for one in demo.accounts["services"] if one["clientId"] == client_id)
        self._token = self._example.token(base=demo.base, service=service)

    def ask(self, *, purpose: str, category: str, reference: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._example.post(
            f"{self._demo.base}/access/v1/evaluation",
            json.dumps(
                {
                    "subject": {"type": "service", "id": self._client_id},
                    "action": {"name": purpose},
                    "resource": {
                        "type": "data_subject",
                        "id": reference,
                        "properties": {"dataCategory": category},
                    },
                }
            ).encode(),
            {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        return answer
