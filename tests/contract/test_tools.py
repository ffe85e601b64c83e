"""Each documented tool answers the documented request with every documented field."""

from typing import Any

import jsonschema
import pytest
from contract_reference import TOOLS, lacks
from contract_requests import prepared
from contract_server import Serving, Stage

THERE = [tool for tool in TOOLS if "from" not in tool]


@pytest.mark.parametrize("tool", THERE, ids=lambda tool: tool["name"])
def test_the_documented_request_is_answered_with_every_documented_field(
    stage: Stage, tool: dict[str, Any]
) -> None:
    arguments = prepared(stage, tool["name"], tool["parameters"])

    result = stage.server.result(tool["name"], arguments)

    assert not result.is_error, result.structured_content or result.content
    assert result.content
    assert list(lacks(tool.get("answer", {}), result.structured_content)) == []
    jsonschema.validate(result.structured_content, stage.server.tools[tool["name"]].output_schema)


@pytest.mark.parametrize("tool", THERE, ids=lambda tool: tool["name"])
def test_every_documented_parameter_is_known(server: Serving, tool: dict[str, Any]) -> None:
    schema = server.tools[tool["name"]].input_schema

    assert tool["parameters"].keys() <= schema["properties"].keys()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(tool["parameters"], schema)


def test_a_tool_that_is_not_there_yet_is_one_that_another_issue_builds(server: Serving) -> None:
    missing = {tool["name"] for tool in TOOLS} - server.tools.keys()

    assert missing == {tool["name"] for tool in TOOLS if "from" in tool}


def test_there_is_no_tool_that_is_not_documented(server: Serving) -> None:
    assert server.tools.keys() - {tool["name"] for tool in TOOLS} == set()
