"""What people and other integrations did around the deals: tasks, calls, tags."""

from kommo_sync.sandbox.account.records import Card, Contact, Task
from kommo_sync.sandbox.seeding.past import Holder, Past
from kommo_sync.sandbox.seeding.workdays import DAY, HOUR

FINISHED_TASK_SHARE = 0.3
CALL_SHARE = 0.15
CHAT_SHARE = 0.1
NOTE_SHARE = 0.15
NEWSLETTER_SHARE = 0.3
MOVED_SHARE = 0.03
LEAD_TAGS = {"urgent": "FF8F92", "gift": "C7DB8C", "wholesale": "AABDFF"}
LEAD_TAG_SHARE = 0.08
VIP_TOTAL = 500_000
# Which of twelve clients has what kind of open task; the other eight have none.
TODAY, OVERDUE, LATER, BY_CHAT = 0, 4, 8, 9
OUTCOMES = (
    ("Call back about the delivery", "Reached, delivery on Thursday"),
    ("Ask how the last order went", "Happy, wants the catalogue"),
    ("Send the new price list", "Sent"),
    ("Перезвонить насчёт счёта", "Оплатят в пятницу"),
    ("Llamar por el pedido", "No contesta, otra vez mañana"),
)
NOTES = (
    "Prefers calls after six",
    "Wants the invoice by e-mail",
    "Просит звонить до обеда",
    "Paga siempre con transferencia",
)


def attend(past: Past, holder: Holder) -> None:
    """Plant what was done for one client or prospect besides selling."""
    _call_and_note(past, holder)
    _chat(past, holder)
    _tag(past, holder)
    _finish_task(past, holder)
    turn = holder.serial % 12
    if holder.serial % 24 == 0:
        _leave_task(past, holder, LATER)
    _leave_task(past, holder, turn)


def _call_and_note(past: Past, holder: Holder) -> None:
    chance = past.chance
    for lead in holder.leads.values():
        contact = past.planter.data.contacts[lead.contact_ids[0]]
        if chance.random() < CALL_SHARE:
            _call(past, holder, contact, lead.created_at)
        if chance.random() < NOTE_SHARE:
            at = past.later(lead.created_at, 3)
            text = {"text": chance.choice(NOTES)}
            past.planter.note(lead, "common", text, past.manager(holder, at))


def _call(past: Past, holder: Holder, contact: Contact, at: int) -> None:
    field = past.planter.field("contacts", "PHONE")
    phones = contact.fields.get(field.id)
    if not phones:
        return
    incoming = past.chance.random() < 0.5
    params = {
        "uniq": f"call-{contact.id}-{at}",
        "duration": past.chance.randrange(5, 900),
        "source": "telephony",
        "link": "",
        "phone": phones[0].value,
        "call_responsible": past.user_id(holder),
    }
    note_type = "call_in" if incoming else "call_out"
    past.planter.note(contact, note_type, params, past.manager(holder, at))


def _chat(past: Past, holder: Holder) -> None:
    chance = past.chance
    if holder.serial % 15 != 6 and chance.random() >= CHAT_SHARE:
        return
    contact = holder.contacts[-1]
    at = past.later(contact.created_at, 400)
    messenger = past.by(past.messenger, at)
    talk = past.planter.talk(contact, chance.choice(("waba", "telegram")), messenger)
    past.planter.tag(contact, f"chat:{talk.origin}", messenger)
    client = past.by(past.robot, at)
    past.planter.message(talk, client, incoming=True)
    for turn in range(chance.randrange(4)):
        at = min(past.now, at + chance.randrange(30, 3_600))
        stamp = past.manager(holder, at) if turn % 2 == 0 else past.by(past.robot, at)
        past.planter.message(talk, stamp, incoming=turn % 2 == 1)
    talk.is_in_work = past.now - at < 7 * DAY


def _tag(past: Past, holder: Holder) -> None:
    chance, planter = past.chance, past.planter
    main = holder.contacts[0]
    if holder.serial % 15 == 2 or chance.random() < NEWSLETTER_SHARE:
        at = past.later(main.created_at, 30)
        planter.tag(main, "newsletter", past.by(past.newsletter, at))
        if chance.random() < 0.4:
            at = past.later(at, 60)
            planter.tag(main, "opened spring sale", past.by(past.newsletter, at))
    if sum(lead.price for lead in holder.leads.values()) >= VIP_TOTAL:
        last = max(lead.created_at for lead in holder.leads.values())
        card: Card = holder.company if holder.company is not None else main
        planter.tag(card, "VIP", past.manager(holder, last))
    if len(holder.leads) >= 8 and holder.company is None:
        at = past.later(list(holder.leads.values())[7].created_at, 20)
        planter.tag(main, "постоянный", past.manager(holder, at))
    if chance.random() < MOVED_SHARE:
        at = past.later(main.created_at, 200)
        planter.refill(main, "City", "Lisbon", past.manager(holder, at))
    for lead in holder.leads.values():
        if chance.random() < LEAD_TAG_SHARE:
            stamp = past.manager(holder, lead.created_at)
            planter.tag(lead, chance.choice(tuple(LEAD_TAGS)), stamp)


def color_tags(past: Past) -> None:
    """Give the leads' tags their colours; contacts' and companies' tags have none."""
    for name, color in LEAD_TAGS.items():
        past.planter.state.tag_named("leads", name).color = color


def _finish_task(past: Past, holder: Holder) -> None:
    chance = past.chance
    if holder.serial % 12 != 1 and chance.random() >= FINISHED_TASK_SHARE:
        return
    text, result = chance.choice(OUTCOMES)
    card: Card = next(iter(holder.leads.values()), holder.contacts[0])
    at = past.later(card.created_at, 10)
    due = at + DAY * chance.randrange(1, 5)
    past.planter.task(_todo(past, holder, text, due), card, past.manager(holder, at))
    done = past.later(at, 6)
    past.planter.complete_last_task(result, past.manager(holder, done))


def _leave_task(past: Past, holder: Holder, turn: int) -> None:
    """Leave a task open: due today, overdue, or due in some days; or leave none."""
    chance = past.chance
    today = past.workdays.midnights[-1]
    due = {
        TODAY: today + chance.randrange(10, 19) * HOUR,
        OVERDUE: past.now - chance.randrange(1, 20) * DAY,
        LATER: past.now + chance.randrange(1, 20) * DAY,
        BY_CHAT: today + DAY - 60,
    }.get(turn)
    if due is None:
        return
    card: Card = holder.open_lead or holder.contacts[0]
    at = past.later(max(card.created_at, past.now - 25 * DAY), 4)
    if turn == OVERDUE:
        due = max(due, min(card.created_at + HOUR, past.now - 60))
        at = max(card.created_at, min(at, due - HOUR))
    if turn == BY_CHAT:
        task = _todo(past, holder, "Answer the message in the chat", due)
        past.planter.task(task, card, past.by(past.messenger, at))
        return
    task = _todo(past, holder, chance.choice(OUTCOMES)[0], due)
    if turn == LATER:
        task.task_type_id, task.duration = 2, HOUR
    past.planter.task(task, card, past.manager(holder, at))


def _todo(past: Past, holder: Holder, text: str, due: int) -> Task:
    user_id = past.user_id(holder)
    return Task(id=0, text=text, complete_till=due, responsible_user_id=user_id)
