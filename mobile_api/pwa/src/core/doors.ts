/** The doors as the screens see them: the server's rows with this phone's own unsent events laid over them. Pure. */
import type { DoorDetail, DoorShort, HelpAsked, OutboxItem, Outcome, PastVisit, Person, StepState } from "../contract";
import type { Event } from "./events";
import { superseded } from "./events";

/** A household row as it was pulled. */
export interface DoorRow {
  id: string;
  v: number | null;
  leaving: boolean;
  data: RowData;
}
export interface RowData {
  walk?: string;
  pos?: number;
  code?: string;
  address?: string;
  alley?: string;
  kind?: string;
  state?: string;
  stub?: boolean;
  mark?: string;
  head?: string;
  phone?: string;
  appointment?: string;
  help?: readonly (Pick<HelpAsked, "id" | "at" | "suits"> & Partial<HelpAsked>)[];
  people?: readonly RowPerson[];
  visits?: readonly { at: string; by: string; outcome: string }[];
}
interface RowPerson {
  id: string;
  n?: number;
  name?: string;
  born?: number;
  relation?: string;
  state?: string;
  services?: Readonly<Record<string, readonly string[]>>;
}

const ZONE_MS = 7 * 3_600_000; // Vietnam has had no summer time since 1975
const RANK: Partial<Record<StepState, number>> = { done_with_help: 1, does_alone: 2 };
const ANSWERING: ReadonlySet<string> = new Set(["helped", "no_need"]);
const OPEN: ReadonlySet<StepState> = new Set(["unknown", "not_started", "shown", "blocked"]);

/** "YYYY-MM-DDTHH:MM" in Vietnam. */
export function localMinute(at: number): string {
  return new Date(at + ZONE_MS).toISOString().slice(0, 16);
}

export function plain(text: string): string {
  return text
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .replaceAll("đ", "d")
    .replaceAll("Đ", "D")
    .toLowerCase();
}

/** Rows for doors that only this phone knows: added here, or typed while the list was unreadable. */
export function addedRows(rows: ReadonlyMap<string, DoorRow>, events: readonly Event[]): DoorRow[] {
  const made = new Map<string, DoorRow>();
  for (const { core, state, reason } of events) {
    if (!core || core.kind !== "household_add" || state === "sent" || reason !== null) continue;
    if (rows.has(core.household)) continue;
    const { address, kind } = core.payload as { address?: string; kind?: string };
    made.set(core.household, {
      id: core.household,
      v: null,
      leaving: false,
      data: { address: address ?? "", stub: true, ...(kind ? { kind } : {}), people: [] },
    });
  }
  return [...made.values()];
}

/** What of this phone's events the row does not show yet. `household` → events, oldest first. */
export function unseen(rows: ReadonlyMap<string, DoorRow>, events: readonly Event[]): Map<string, Event[]> {
  const found = new Map<string, Event[]>();
  for (const event of events) {
    if (!event.core || event.reason !== null) continue;
    const row = rows.get(event.core.household);
    const known = event.state === "sent" && (event.v === null || (row?.v ?? Infinity) >= event.v);
    if (known || (event.reoffer && row)) continue;
    const list = found.get(event.core.household);
    if (list) list.push(event);
    else found.set(event.core.household, [event]);
  }
  return found;
}

export function detail(
  row: DoorRow,
  mine: readonly Event[],
  items: readonly OutboxItem[],
  order: readonly string[],
  today: string,
): DoorDetail {
  const gone = superseded(mine);
  const visits = pastVisits(row, mine, gone);
  const persons = withAdded(row, mine).map((person) => withResults(person, mine, gone));
  const appointment = lastAppointment(row, mine, gone);
  return {
    ...short(row, visits, persons, appointment, waitingHelp(row, mine, gone), items, order, today),
    v: row.v,
    phone: row.data.phone ?? "",
    kind: row.data.kind ?? "household",
    persons,
    visits,
    items,
  };
}

/** a mark of a later version is not shown rather than shown as a code */
function markOf(mark: string | undefined): DoorShort["mark"] {
  return mark === "first" || mark === "asked_home" || mark === "call_first" ? mark : null;
}

function short(
  row: DoorRow,
  visits: readonly PastVisit[],
  persons: readonly Person[],
  appointment: string | null,
  help: readonly HelpAsked[],
  items: readonly OutboxItem[],
  order: readonly string[],
  today: string,
): DoorShort {
  const { data } = row;
  const open = openWork(persons, order);
  const openCount = open.reduce((sum, one) => sum + one.n, 0);
  const last = visits[0] ?? null;
  const visitedToday = last !== null && last.at.startsWith(today);
  const absent = visits.findIndex((visit) => visit.outcome !== "not_home");
  const moved = last?.outcome === "moved_away";
  const texts = [data.address, data.code, data.alley, data.head, ...persons.map((person) => person.name)];
  return {
    id: row.id,
    walk: data.walk ?? null,
    pos: data.pos ?? null,
    alley: data.alley ?? "",
    address: data.address ?? "",
    code: data.code ?? "",
    head: data.head ?? "",
    people: persons.length,
    open,
    openCount,
    last,
    absentInRow: absent < 0 ? visits.length : absent,
    appointment,
    help,
    visitedToday,
    done: help.length === 0 && (visitedToday || openCount === 0),
    waiting: items.filter((item) => item.state === "waiting" || item.state === "sending").length,
    attention: items.filter((item) => item.state === "attention").length,
    stub: data.stub ?? false,
    mark: markOf(data.mark),
    state: moved ? "moved_away" : ((data.state ?? "active") as DoorShort["state"]),
    leaving: row.leaving,
    search: plain(texts.filter(Boolean).join(" ")),
  };
}

function openWork(persons: readonly Person[], order: readonly string[]): { service: string; n: number }[] {
  const counts = new Map<string, number>();
  for (const { steps } of persons) {
    for (const [service, state] of Object.entries(steps)) {
      if (OPEN.has(state)) counts.set(service, (counts.get(service) ?? 0) + 1);
    }
  }
  const place = (service: string): number => (order.indexOf(service) + 1 || order.length + 1) - 1;
  return [...counts].map(([service, n]) => ({ service, n })).sort((a, b) => place(a.service) - place(b.service));
}

function pastVisits(row: DoorRow, mine: readonly Event[], gone: ReadonlySet<string>): PastVisit[] {
  const own: PastVisit[] = [];
  for (const { id, core, created, state } of mine) {
    const outcome = core?.payload["outcome"];
    if (!core || gone.has(id) || typeof outcome !== "string") continue;
    own.push({ at: localMinute(created + (core.offset_ms ?? 0)), by: "", outcome: outcome as Outcome, event: id, mine: true, sent: state === "sent" });
  }
  const told = (row.data.visits ?? []).map((visit) => ({ ...visit, outcome: visit.outcome as Outcome }));
  return [...own, ...told].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
}

/** A request is answered by a visit of this phone that helped, or found that nothing is needed, as on the server. */
function waitingHelp(row: DoorRow, mine: readonly Event[], gone: ReadonlySet<string>): HelpAsked[] {
  const answers = mine.filter(({ id, core }) => !gone.has(id) && ANSWERING.has(String(core?.payload["outcome"])));
  const last = answers.map(({ created, core }) => localMinute(created + (core?.offset_ms ?? 0))).sort().at(-1) ?? "";
  return (row.data.help ?? [])
    .filter((asked) => asked.at > last)
    .map((asked) => ({ services: [], place: "", phone: "", on: null, ...asked }));
}

function withAdded(row: DoorRow, mine: readonly Event[]): Person[] {
  const persons = (row.data.people ?? []).map(person);
  for (const { core } of mine) {
    const added = core?.payload["residents"] as readonly { id: string; name?: string; birth_year?: number; relation?: string }[] | undefined;
    for (const { id, name, birth_year, relation } of added ?? []) {
      if (persons.some((one) => one.id === id)) continue;
      persons.push({
        id,
        n: persons.length + 1,
        name: name ?? "",
        born: birth_year ?? null,
        relation: relation ?? "",
        state: "active",
        steps: {},
      });
    }
  }
  return persons;
}

function person(found: RowPerson, index: number): Person {
  const steps: Record<string, StepState> = {};
  for (const [state, services] of Object.entries(found.services ?? {})) {
    for (const service of services) steps[service] = state as StepState;
  }
  return {
    id: found.id,
    n: found.n ?? index + 1,
    name: found.name ?? "",
    born: found.born ?? null,
    relation: found.relation ?? "",
    state: found.state ?? "active",
    steps,
  };
}

/** Done beats not done, alone beats with help; of the rest the newest word counts (as on the server). */
function withResults(person: Person, mine: readonly Event[], gone: ReadonlySet<string>): Person {
  let steps: Record<string, StepState> | null = null;
  for (const { id, core } of mine) {
    if (gone.has(id)) continue;
    const results = core?.payload["results"] as readonly { resident: string; service: string; state: StepState }[] | undefined;
    for (const { resident, service, state } of results ?? []) {
      if (resident !== person.id) continue;
      steps ??= { ...person.steps };
      const before = steps[service];
      if (before === undefined || (RANK[state] ?? 0) >= (RANK[before] ?? 0)) steps[service] = state;
    }
  }
  return steps ? { ...person, steps } : person;
}

function lastAppointment(row: DoorRow, mine: readonly Event[], gone: ReadonlySet<string>): string | null {
  let found = row.data.appointment ?? null;
  for (const { id, core } of mine) {
    if (gone.has(id) || typeof core?.payload["outcome"] !== "string") continue;
    const told = core.payload["appointment"] as { on: string; at?: string } | undefined;
    found = told ? (told.at ? `${told.on}T${told.at}` : told.on) : null;
  }
  return found;
}

/** Walking order: walk by walk, position, then address; doors without a walk last. */
export function inOrder(a: DoorShort, b: DoorShort): number {
  if (a.walk !== b.walk) return a.walk === null ? 1 : b.walk === null ? -1 : a.walk < b.walk ? -1 : 1;
  return (a.pos ?? 1e9) - (b.pos ?? 1e9) || a.address.localeCompare(b.address, "vi", { numeric: true });
}
