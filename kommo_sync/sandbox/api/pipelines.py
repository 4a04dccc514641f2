"""/leads/pipelines and their stages."""

from zlib import crc32

from kommo_sync.sandbox.account.records import LOST, WON, Pipeline, Status
from kommo_sync.sandbox.api.answers import Item
from kommo_sync.sandbox.api.users import absent
from kommo_sync.sandbox.hooks.forms import local_time
from kommo_sync.sandbox.rules.checks import (
    Check,
    anything,
    boolean,
    check_item,
    mapping,
    objects,
    string_or_null,
    whole_or_null,
)
from kommo_sync.sandbox.rules.stages import (
    MAX_PIPELINES,
    MAX_STAGES,
    build_pipeline,
    color_flaws,
    empty_stage,
    leads_in,
    make_main,
    normalize_sorts,
    ordinary_stage,
)
from kommo_sync.sandbox.wire.call import Call, refuse_flaws, request_ids
from kommo_sync.sandbox.wire.listing import answer_all
from kommo_sync.sandbox.wire.problems import (
    EmptyAnswer,
    Flaw,
    Problem,
    missing,
    not_supported,
    validation_failed,
)

MAX_TEXT = 1000
LEVELS = ("newbie", "candidate", "master")
"""Whom a description of a stage is for."""
RULES: dict[str, Check] = {
    "name": string_or_null,
    "sort": whole_or_null,
    "is_main": boolean,
    "is_unsorted_on": boolean,
    "_embedded": mapping,
    "request_id": anything,
}
SYSTEM_STAGES = 3
"""Incoming leads, won and lost: they count among the hundred."""
STATUS_RULES: dict[str, Check] = {
    "id": whole_or_null,
    "name": string_or_null,
    "sort": whole_or_null,
    "color": string_or_null,
    "type": whole_or_null,
    "pipeline_id": whole_or_null,
    "descriptions": objects,
    "request_id": anything,
}


def render_pipeline(call: Call, pipeline: Pipeline) -> Item:
    """Return a pipeline with its stages."""
    return {
        "id": pipeline.id,
        "name": pipeline.name,
        "sort": pipeline.sort,
        "is_main": pipeline.is_main,
        "is_unsorted_on": pipeline.is_unsorted_on,
        "is_archive": pipeline.is_archive,
        "account_id": call.state.data.account.id,
        "_links": call.self_link(f"leads/pipelines/{pipeline.id}"),
        "_embedded": {"statuses": [render_status(call, s) for s in pipeline.statuses]},
    }


def render_status(call: Call, status: Status) -> Item:
    """Return a stage."""
    path = f"leads/pipelines/{status.pipeline_id}/statuses/{status.id}"
    body: Item = {
        "id": status.id,
        "name": status.name,
        "sort": status.sort,
        "is_editable": status.is_editable,
        "pipeline_id": status.pipeline_id,
        "color": status.color,
        "type": status.type,
        "account_id": call.state.data.account.id,
        "_links": call.self_link(path),
    }
    if "descriptions" in call.withs:
        body["descriptions"] = _descriptions(call, status)
    return body


def _descriptions(call: Call, status: Status) -> list[Item]:
    account = call.state.data.account
    # Two clients, the official SDK among them, read these times as strings.
    made = local_time(call.state, account.created_at)
    return [
        {
            "id": crc32(f"{status.pipeline_id} {status.id} {level}".encode()),
            "account_id": account.id,
            "created_at": made,
            "updated_at": made,
            "created_by": 0,
            "updated_by": 0,
            "pipeline_id": status.pipeline_id,
            "status_id": status.id,
            "level": level,
            "description": text,
        }
        for level, text in status.descriptions.items()
    ]


def list_pipelines(call: Call) -> Item:
    """GET /leads/pipelines: page and limit are ignored (measured)."""
    pipelines = sorted(call.state.data.pipelines.values(), key=lambda p: p.sort)
    return answer_all(call, "pipelines", [render_pipeline(call, p) for p in pipelines])


def _find(call: Call, pipeline_id: int) -> Pipeline:
    pipeline = call.state.data.pipelines.get(pipeline_id)
    if pipeline is None:
        raise absent(call, f"Pipeline {pipeline_id} not found")
    return pipeline


def get_pipeline(call: Call, pipeline_id: int) -> Item:
    """GET /leads/pipelines/{id}: the object stands at the root."""
    return render_pipeline(call, _find(call, pipeline_id))


def create_pipelines(call: Call) -> Item:
    """POST /leads/pipelines."""
    call.need_admin()
    items = call.items()
    if len(call.state.data.pipelines) + len(items) > MAX_PIPELINES:
        raise Problem(400, f"Too many pipelines: at most {MAX_PIPELINES} an account.")
    refuse_flaws(items, [_flaws(call, item) for item in items])
    answered = [
        {**render_pipeline(call, _create(call, item)), "request_id": request_id}
        for item, request_id in zip(items, request_ids(items), strict=True)
    ]
    body = {"_links": call.self_link(), "_embedded": {"pipelines": answered}}
    return {"_total_items": len(answered), **body}


def _flaws(call: Call, item: Item) -> list[Flaw]:
    flaws = [] if item.get("name") else [missing("name")]
    flaws = flaws or check_item(item, RULES, call.state)
    if flaws:
        return flaws
    path = "_embedded.statuses"
    stages = (item.get("_embedded") or {}).get("statuses") or []
    flaws = objects(stages, path)
    if flaws:
        return flaws
    ordinary = [stage for stage in stages if stage.get("id") not in (WON, LOST)]
    if len(ordinary) > MAX_STAGES - SYSTEM_STAGES:
        flaws.append(not_supported(path))
    for index, stage in enumerate(stages):
        flaws += _status_flaws(call, stage, f"{path}.{index}.")
    return flaws


def _create(call: Call, item: Item) -> Pipeline:
    pipeline = build_pipeline(call.state, item)
    call.state.data.pipelines[pipeline.id] = pipeline
    call.writer.created("pipelines", pipeline)
    if item.get("is_main"):
        make_main(call.writer, pipeline)
    return pipeline


def patch_pipeline(call: Call, pipeline_id: int) -> Item:
    """PATCH /leads/pipelines/{id}: the object stands at the root (measured)."""
    call.need_admin()
    pipeline, item = _find(call, pipeline_id), call.item()
    refuse_flaws([item], [check_item(item, RULES, call.state)])
    for name in ("name", "sort", "is_unsorted_on"):
        if item.get(name) is not None:
            call.writer.assign("pipelines", pipeline, name, item[name])
    if item.get("is_main"):
        make_main(call.writer, pipeline)
    return render_pipeline(call, pipeline)


def delete_pipeline(call: Call, pipeline_id: int) -> None:
    """DELETE /leads/pipelines/{id}: 204, or 400 and 422 as measured."""
    call.need_admin()
    pipelines = call.state.data.pipelines
    if pipeline_id not in pipelines:
        raise validation_failed([(None, [not_supported("id")])])
    if leads_in(call.state, pipeline_id):
        raise Problem(422, "Only pipelines without leads can be deleted")
    if len(pipelines) == 1:
        raise Problem(422, "The last pipeline cannot be deleted")
    gone = pipelines.pop(pipeline_id)
    call.writer.log("pipelines", pipeline_id, "deleted", gone.name, None)
    if gone.is_main:
        make_main(call.writer, next(iter(pipelines.values())))
    raise EmptyAnswer


def list_statuses(call: Call, pipeline_id: int) -> Item:
    """GET …/statuses."""
    statuses = _find(call, pipeline_id).statuses
    return answer_all(call, "statuses", [render_status(call, s) for s in statuses])


def _find_status(call: Call, pipeline_id: int, status_id: int) -> Status:
    status = _find(call, pipeline_id).status(status_id)
    if status is None:
        raise absent(call, f"Status {status_id} not found")
    return status


def get_status(call: Call, pipeline_id: int, status_id: int) -> Item:
    """GET …/statuses/{id}."""
    return render_status(call, _find_status(call, pipeline_id, status_id))


def create_statuses(call: Call, pipeline_id: int) -> Item:
    """POST …/statuses."""
    call.need_admin()
    pipeline, items = _find(call, pipeline_id), call.items()
    if len(pipeline.statuses) + len(items) > MAX_STAGES:
        raise Problem(400, f"Too many stages: at most {MAX_STAGES} a pipeline.")
    refuse_flaws(items, [_status_flaws(call, item) for item in items])
    made = []
    for item, request_id in zip(items, request_ids(items), strict=True):
        index = len(pipeline.ordinary())
        status = ordinary_stage(call.state, pipeline_id, item, index)
        status.descriptions = _told(item)
        pipeline.statuses.append(status)
        call.writer.created("statuses", status)
        made.append((status, request_id))
    normalize_sorts(pipeline)
    answered = [{**render_status(call, s), "request_id": i} for s, i in made]
    body = {"_links": call.self_link(), "_embedded": {"statuses": answered}}
    return {"_total_items": len(answered), **body}


def _status_flaws(call: Call, item: Item, where: str = "") -> list[Flaw]:
    flaws = check_item(item, STATUS_RULES, call.state, where)
    flaws += [] if item.get("name") else [missing(f"{where}name")]
    return flaws or color_flaws(item, f"{where}color") + _told_flaws(item, where)


def _told_flaws(item: Item, where: str = "") -> list[Flaw]:
    return [
        not_supported(f"{where}descriptions.{index}.level")
        for index, entry in enumerate(item.get("descriptions") or [])
        if entry.get("level") not in (None, *LEVELS)
    ]


def _told(item: Item) -> dict[str, str]:
    """Return what is sent for people of each level."""
    return {
        entry.get("level") or LEVELS[0]: str(entry.get("description", ""))[:MAX_TEXT]
        for entry in item.get("descriptions") or []
    }


def patch_status(call: Call, pipeline_id: int, status_id: int) -> Item:
    """PATCH …/statuses/{id}: 142 and 143 can only be renamed."""
    call.need_admin()
    item = call.item()
    status = _find_status(call, pipeline_id, status_id)
    named = {k: v for k, v in item.items() if k in ("name", "sort", "color")}
    # The official SDK sends the whole stage back: what stands already is no change.
    changed = [k for k, v in named.items() if v not in (None, getattr(status, k))]
    closed = status_id in (WON, LOST)
    if (status.type == 1 and changed) or (closed and changed not in ([], ["name"])):
        raise Problem(400, "System stages cannot be edited")
    written = {key: named[key] for key in changed}
    flaws = check_item(item, STATUS_RULES, call.state) or color_flaws(written)
    refuse_flaws([item], [flaws or _told_flaws(item)])
    for name, value in written.items():
        call.writer.assign("statuses", status, name, value)
    told = {**status.descriptions, **_told(item)}
    call.writer.assign("statuses", status, "descriptions", told)
    normalize_sorts(_find(call, pipeline_id))
    return render_status(call, status)


def delete_status(call: Call, pipeline_id: int, status_id: int) -> None:
    """DELETE …/statuses/{id}: 204, its leads move to the first stage."""
    call.need_admin()
    pipeline = _find(call, pipeline_id)
    status = _find_status(call, pipeline_id, status_id)
    if status.type == 1 or status_id in (WON, LOST) or len(pipeline.ordinary()) == 1:
        raise Problem(400, "This stage cannot be deleted")
    empty_stage(call, pipeline, status)
    pipeline.statuses.remove(status)
    call.writer.log("statuses", status_id, "deleted", status.name, None)
    raise EmptyAnswer


_ONE = "/leads/pipelines/<int:pipeline_id>"
ROUTES = [
    ("GET", "/leads/pipelines", list_pipelines),
    ("POST", "/leads/pipelines", create_pipelines),
    ("GET", _ONE, get_pipeline),
    ("PATCH", _ONE, patch_pipeline),
    ("DELETE", _ONE, delete_pipeline),
    ("GET", f"{_ONE}/statuses", list_statuses),
    ("POST", f"{_ONE}/statuses", create_statuses),
    ("GET", f"{_ONE}/statuses/<int:status_id>", get_status),
    ("PATCH", f"{_ONE}/statuses/<int:status_id>", patch_status),
    ("DELETE", f"{_ONE}/statuses/<int:status_id>", delete_status),
]
