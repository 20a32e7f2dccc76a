"""What computes and shows: pipelines with their tasks, dashboards, charts, models, metrics; and services."""

from __future__ import annotations

from typing import Any

from lumos_core.plugin_api import Code, Field, Relation, Schedule, paths

from .. import fqn
from ..names import Names, Place
from .common import clean, labels_of, labels_to, owners_of, owners_to, reference, texts_of, texts_to

Doc = dict[str, Any]

_NUMBERS = ("INT", "BIGINT", "SMALLINT", "TINYINT", "FLOAT", "DOUBLE", "DECIMAL", "UINT", "LARGEINT")
_LANGUAGES = {"sql": "SQL", "java": "Java", "javascript": "JavaScript", "python": "Python"}


def pipeline_to(value: Any, doc: Doc, names: Names) -> None:
    """Write a pipeline, without its tasks."""
    if value.schedule is not None and value.schedule.cron and clean(value.schedule.cron):
        doc["scheduleInterval"] = value.schedule.cron


def pipeline_of(doc: Doc, value: Any, names: Names) -> None:
    """Read a pipeline, without its tasks."""
    if doc.get("scheduleInterval"):
        value.schedule = Schedule(cron=doc["scheduleInterval"])


def task_to(value: Any, doc: Doc, names: Names) -> None:
    """Write a task."""
    texts_to(value, doc)
    labels_to(value, doc, names)
    owners_to(value, doc, names)
    code = value.code[0] if value.code else None
    if code is not None and code.text and clean(code.text):
        doc["taskSQL"] = code.text
    if value.subtype and clean(value.subtype):
        doc["taskType"] = value.subtype
    found = [_step(names, relation.target) for relation in value.relations if relation.type == "precedes"]
    after = [step for step in found if step]
    if after:
        doc["downstreamTasks"] = sorted(after)


def _step(names: Names, urn: str) -> str | None:
    try:
        return names.place(urn).member or None
    except ValueError:
        return None


def task_of(doc: Doc, value: Any, names: Names, place: Place) -> None:
    """Read a task."""
    texts_of(doc, value)
    labels_of(doc, value, names)
    owners_of(doc, value, names)
    if doc.get("taskSQL"):
        value.code = [Code(language="sql", text=doc["taskSQL"])]
    value.subtype = doc.get("taskType")
    after = [names.urn(place._replace(member=name)) for name in doc.get("downstreamTasks") or ()]
    value.relations = [Relation(type="precedes", target=urn) for urn in after]


def dashboard_to(value: Any, doc: Doc, names: Names) -> None:
    """Write a dashboard: its charts."""
    found = [reference(names, one.target, "chart") for one in value.relations if one.type == "contains"]
    charts = sorted({chart for chart in found if chart is not None})
    if charts:
        doc["charts"] = charts


def dashboard_of(doc: Doc, value: Any, names: Names) -> None:
    """Read a dashboard."""
    found = [names.urn(Place(*chart)) for chart in doc.get("charts", ())]
    value.relations = [Relation(type="contains", target=urn) for urn in found]


def model_to(value: Any, doc: Doc, names: Names) -> None:
    """Write a model: its features."""
    features: dict[str, Doc] = {}
    for field in value.fields:
        try:
            steps = paths.split(field.path)
        except paths.PathError:
            continue
        name = fqn.encode(steps[0].name if len(steps) == 1 and steps[0].kind == "name" else field.path)
        if name in features:
            continue
        feature: Doc = {"name": name, "dataType": _feature_type(field.type)}
        if field.description is not None and field.description.shown and clean(field.description.shown):
            feature["description"] = field.description.shown
        labels_to(field, feature, names)
        features[name] = feature
    if features:
        doc["mlFeatures"] = list(features.values())


def _feature_type(text: str) -> str:
    from .datatypes import column_type

    return "numerical" if column_type(text)["dataType"] in _NUMBERS else "categorical"


def model_of(doc: Doc, value: Any, names: Names) -> None:
    """Read a model."""
    fields = []
    for feature in doc.get("mlFeatures") or ():
        type_ = "float64" if feature.get("dataType") == "numerical" else "string"
        field = Field(path=paths.quote(fqn.decode(feature["name"])), type=type_)
        texts_of(feature, field)
        labels_of(feature, field, names)
        fields.append(field)
    value.fields = fields


def metric_to(value: Any, doc: Doc, names: Names) -> None:
    """Write a metric: its expression."""
    code = next(iter(value.code), None)
    if code is not None and code.text and clean(code.text):
        language = _LANGUAGES.get((code.language or "").lower(), "External")
        doc["metricExpression"] = {"language": language, "code": code.text}


def metric_of(doc: Doc, value: Any, names: Names) -> None:
    """Read a metric."""
    expression = doc.get("metricExpression") or {}
    if expression.get("code"):
        language = (expression.get("language") or "").lower()
        value.code = [Code(language=None if language == "external" else language or None, text=expression["code"])]


def service_to(place: Place, doc: Doc, names: Names) -> None:
    """Write a service: its type, which follows from the platform."""
    doc["serviceType"] = names.service_type(place)
