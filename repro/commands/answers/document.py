"""The JSON Schema of all answers, made of their types.

`python -m repro.commands.answers.document` writes the copy that is installed with the package.
"""

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise

import msgspec

from repro.commands.answers import (
    diagnoses,
    downloads,
    exports,
    findings,
    networks,
    readings,
    settings,
    speeds,
    tables,
    upkeep,
)
from repro.commands.common import SCHEMA
from repro.commands.schema import FILE, of_command

ANSWERS: Mapping[str, tuple[type, ...]] = {
    "list": (tables.StudiesAnswer, tables.TablesAnswer, tables.ModelsAnswer),
    "show": (tables.ShowAnswer,),
    "plan": (tables.PlanAnswer, tables.EstimateAnswer),
    "run": (tables.RunAnswer, tables.AblationAnswer),
    "explain": (tables.ExplainAnswer,),
    "count": (networks.CountAnswer, networks.CountsAnswer),
    "parity": (networks.ParityAnswer,),
    "eval": (networks.EvalAnswer, settings.SettingsAnswer),
    "score": (networks.ScoreAnswer,),
    "errors": (diagnoses.ErrorsAnswer,),
    "train": (networks.TrainAnswer, networks.RecipeAnswer),
    "export": (exports.ExportAnswer,),
    "quantise": (exports.QuantiseAnswer,),
    "speed": (
        speeds.SpeedAnswer,
        speeds.MergeAnswer,
        speeds.ProfileAnswer,
        speeds.ImportAnswer,
    ),
    "compare": (speeds.CompareAnswer, speeds.PairAnswer),
    "rehearse": (tables.RehearseAnswer, tables.RehearsalPlanAnswer),
    "nightly": (speeds.NightAnswer, speeds.NightPlanAnswer),
    "claims": (findings.ClaimsAnswer,),
    "audit": (findings.AuditAnswer,),
    "readings": (readings.ReadingsAnswer,),
    "report": (findings.ReportAnswer,),
    "predict": (networks.PredictAnswer,),
    "boxes": (networks.BoxesAnswer,),
    "weights": (downloads.WeightsAnswer, networks.WeightsCheckAnswer),
    "fetch": (downloads.FetchAnswer,),
    "data check": (networks.DataCheckAnswer, networks.FileCheckAnswer),
    "data synth": (networks.DataSynthAnswer,),
    "new paper": (tables.NewPaperAnswer,),
    "check tables": (tables.CheckedTablesAnswer,),
    "doctor": (upkeep.DoctorAnswer,),
    "records": (upkeep.RecordsAnswer, upkeep.RemovalAnswer, upkeep.VerificationAnswer),
    "schema": (upkeep.SchemaAnswer,),
}
"""command -> its answers"""

CLASSES = (msgspec.inspect.DataclassType, msgspec.inspect.TypedDictType)


def document() -> str:
    """The JSON Schema that every answer of every command obeys."""
    types = [kind for kinds in ANSWERS.values() for kind in kinds]
    _, parts = msgspec.json.schema_components(types, schema_hook=_anything)
    for cls in set(_classes(msgspec.inspect.multi_type_info(types))):
        for name, said in _said(cls).items():
            parts[cls.__name__]["properties"][name]["description"] = said
    for command, kinds in ANSWERS.items():
        for kind in kinds:
            part = parts[kind.__name__]
            part["properties"] |= {"schema": {"const": SCHEMA}, "command": {"const": command}}
            part["required"] = ["schema", "command", *part["required"]]
    return json.dumps(of_command(parts), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _anything(cls: type) -> dict[str, object]:
    """The schema of `object`."""
    if cls is object:
        return {"title": "any value"}
    raise NotImplementedError


def _classes(part: object) -> Iterator[type]:
    """Every class with fields that a type is made of."""
    if isinstance(part, tuple):
        for inner in part:
            yield from _classes(inner)
    elif isinstance(part, msgspec.inspect.Type | msgspec.inspect.Field):
        if isinstance(part, CLASSES):
            yield part.cls
        for name in part.__struct_fields__:
            yield from _classes(getattr(part, name))


def _said(cls: type) -> dict[str, str]:
    """Field of a class -> what the text below it says."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(node, ast.ClassDef)
    said: dict[str, str] = {}
    for base in node.bases:
        parent = getattr(sys.modules[cls.__module__], ast.unparse(base))
        said |= _said(parent) if isinstance(parent, type) else {}
    for field, text in pairwise(node.body):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            said[ast.unparse(field.target)] = inspect.cleandoc(ast.literal_eval(text.value))
    return said


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")
