"""Rules of pipelines and their stages."""

from typing import Any

from kommo_sync.sandbox.account.records import LOST, WON, Pipeline, Status
from kommo_sync.sandbox.account.state import State
from kommo_sync.sandbox.account.writing import Writer
from kommo_sync.sandbox.rules.deals import move
from kommo_sync.sandbox.wire.call import Call
from kommo_sync.sandbox.wire.problems import Flaw, not_supported

Item = dict[str, Any]

MAX_PIPELINES = 50
MAX_STAGES = 100
# https://developers.kommo.com/reference/pipelines: defaults of ordinary stages
DEFAULT_COLORS = ("#99ccff", "#ffff99", "#ffcc66", "#ffcccc")
COLORS = frozenset(
    """
#fffeb2 #fffd7f #fff000 #ffeab2 #ffdc7f #ffce5a #ffdbdb #ffc8c8 #ff8f92 #d6eaff
#c1e0ff #98cbff #ebffb1 #deff81 #87f2c0 #f9deff #f3beff #ccc8f9 #eb93ff #f2f3f4
#e6e8ea
""".split()
)


def closing_stages(pipeline_id: int) -> list[Status]:
    """Return 142 and 143, which have the same ids in every pipeline."""
    return [
        Status(
            id=WON,
            pipeline_id=pipeline_id,
            name="Closed - won",
            sort=10000,
            color="#CCFF66",
            is_editable=False,
        ),
        Status(
            id=LOST,
            pipeline_id=pipeline_id,
            name="Closed - lost",
            sort=11000,
            color="#D5D8DB",
            is_editable=False,
        ),
    ]


def incoming_stage(state: State, pipeline_id: int) -> Status:
    """Return a stage of type 1, *Incoming leads*."""
    return Status(
        id=state.next_id("statuses"),
        pipeline_id=pipeline_id,
        name="Incoming leads",
        sort=10,
        color="#c1c1c1",
        type=1,
        is_editable=False,
    )


def ordinary_stage(state: State, pipeline_id: int, item: Item, index: int) -> Status:
    """Return an ordinary stage of a write item, not yet placed."""
    return Status(
        id=state.next_id("statuses"),
        pipeline_id=pipeline_id,
        name=item.get("name") or f"Stage {index + 1}",
        sort=item.get("sort") or (index + 2) * 10,
        color=item.get("color") or DEFAULT_COLORS[index % len(DEFAULT_COLORS)],
    )


def build_pipeline(state: State, item: Item) -> Pipeline:
    """Return a pipeline of a write item; incoming, 142 and 143 are always there."""
    pipeline_id = state.next_id("pipelines")
    sent = (item.get("_embedded") or {}).get("statuses") or [
        {"name": "Initial contact"}
    ]
    ordinary = [s for s in sent if s.get("id") not in (WON, LOST)]
    closing = closing_stages(pipeline_id)
    for status in closing:
        named: Item = next((s for s in sent if s.get("id") == status.id), {})
        status.name = named.get("name", status.name)
    sorts = [p.sort for p in state.data.pipelines.values()]
    pipeline = Pipeline(
        id=pipeline_id,
        name=item["name"],
        sort=item.get("sort") or max(sorts, default=0) + 1,
        is_unsorted_on=item.get("is_unsorted_on", True),
        statuses=[
            incoming_stage(state, pipeline_id),
            *(
                ordinary_stage(state, pipeline_id, stage, index)
                for index, stage in enumerate(ordinary)
            ),
            *closing,
        ],
    )
    normalize_sorts(pipeline)
    return pipeline


def normalize_sorts(pipeline: Pipeline) -> None:
    """Put the stages in order and number the open ones 10, 20, 30 …."""
    closing = [s for s in pipeline.statuses if s.id in (WON, LOST)]
    others = [s for s in pipeline.statuses if s.id not in (WON, LOST)]
    others.sort(key=lambda status: (status.type != 1, status.sort))
    for index, status in enumerate(others):
        status.sort = (index + 1) * 10
    pipeline.statuses = [*others, *sorted(closing, key=lambda s: s.id)]


def make_main(writer: Writer, pipeline: Pipeline) -> None:
    """Move the main flag to this pipeline."""
    for other in writer.state.data.pipelines.values():
        writer.assign("pipelines", other, "is_main", other is pipeline)


def leads_in(state: State, pipeline_id: int) -> bool:
    """Tell whether the pipeline holds any lead, trash left aside."""
    return any(lead.pipeline_id == pipeline_id for lead in state.data.leads.values())


def empty_stage(call: Call, pipeline: Pipeline, status: Status) -> None:
    """Move the stage's leads to the first ordinary stage that remains."""
    first = next(s for s in pipeline.ordinary() if s is not status)
    for lead in call.state.data.leads.values():
        if (lead.pipeline_id, lead.status_id) == (pipeline.id, status.id):
            move(call.writer, lead, pipeline.id, first.id)
            call.writer.touch_card("leads", lead)


def color_flaws(item: Item, path: str = "color") -> list[Flaw]:
    """Return the flaw of a stage colour outside the palette."""
    color = item.get("color")
    known = color is None or color in COLORS or color in DEFAULT_COLORS
    return [] if known else [not_supported(path)]
