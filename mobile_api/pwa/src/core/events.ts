/** This phone's own events, opened, as the screens see them. Pure but for the opening. */
import { slipCode } from "../protocol/slip";
import type { OutboxItem, OutboxView, Outcome } from "../contract";
import { unbox } from "../crypto/box";
import type { Ports } from "../ports";
import { readCore, type Core } from "../protocol/core";
import type { Everything } from "../storage/outbox";
import { coreContext } from "../sync/push";

/** One event of this phone. `core` is null when it was scrubbed. `v`: the household's version that includes it. */
export interface Event {
  id: string;
  sha256: string;
  core: Core | null;
  created: number;
  order: number;
  state: "waiting" | "sent" | "attention";
  reoffer: boolean;
  code: string | null;
  reason: string | null;
  v: number | null;
  ackedAt: number | null;
  tries: number;
}
/** Opened cores by their hash: each is opened once. */
export type Opened = Map<string, Core>;

export async function openEvents(
  ports: Pick<Ports, "subtle" | "random">,
  secret: CryptoKey,
  all: Everything,
  opened: Opened,
): Promise<Event[]> {
  const core = async (sha256: string, enc: Everything["retained"][number]["core_enc"]): Promise<Core | null> => {
    if (enc === null) return null;
    const known = opened.get(sha256);
    if (known) return known;
    const made = readCore(await unbox(ports, secret, coreContext(sha256), enc));
    opened.set(sha256, made);
    return made;
  };
  const waiting = all.outbox.map(async (row) => ({
    ...base(row),
    core: await core(row.sha256, row.core_enc),
    state: row.last_code === "wrong_author" ? ("attention" as const) : ("waiting" as const),
    reoffer: row.reoffer,
    code: row.last_code,
    reason: null,
    v: null,
    ackedAt: null,
    tries: row.tries,
  }));
  const dead = all.dead.map(async (row) => ({
    ...base(row),
    core: await core(row.sha256, row.core_enc),
    state: "attention" as const,
    reoffer: row.reoffer,
    code: row.last_code,
    reason: row.reason,
    v: null,
    ackedAt: null,
    tries: row.tries,
  }));
  const retained = all.retained.map(async (row) => ({
    ...base(row),
    core: await core(row.sha256, row.core_enc),
    state: "sent" as const,
    reoffer: false,
    code: row.code,
    reason: null,
    v: row.v,
    ackedAt: row.acked_at,
    tries: 0,
  }));
  const events = await Promise.all([...waiting, ...dead, ...retained]);
  return events.sort((a, b) => a.created - b.created || a.order - b.order);
}

function base(row: { id: string; sha256: string; created: number; order: number }): Pick<
  Event,
  "id" | "sha256" | "created" | "order"
> {
  return { id: row.id, sha256: row.sha256, created: row.created, order: row.order };
}

/** Ids of visits that a later event of this phone takes back or replaces; refused corrections do not count. */
export function superseded(events: readonly Event[]): Set<string> {
  return new Set(
    events.filter((event) => event.reason === null).flatMap((event) => (event.core?.corrects ? [event.core.corrects] : [])),
  );
}

/** Households that have something here which the server has not got. */
export function pendingHouseholds(events: readonly Event[]): Set<string> {
  return new Set(
    events.filter((event) => event.state !== "sent" && event.core).map((event) => event.core!.household),
  );
}

export function outboxView(
  events: readonly Event[],
  sending: ReadonlySet<string>,
  addressOf: (household: string) => string,
  now: number,
): OutboxView {
  const gone = superseded(events);
  const items = events.map((event) => item(event, sending, gone, addressOf)).reverse();
  const rank = { waiting: 0, sending: 0, attention: 1, sent: 2 };
  items.sort((a, b) => rank[a.state] - rank[b.state]);
  const waiting = events.filter((event) => event.state === "waiting" && !event.reoffer);
  const oldest = waiting.length ? Math.min(...waiting.map((event) => event.created)) : null;
  return {
    waiting: waiting.length,
    sent: events.filter((event) => event.state === "sent" || (event.state === "waiting" && event.reoffer)).length,
    attention: events.filter((event) => event.state === "attention").length,
    oldestWaitingS: oldest === null ? null : Math.max(0, Math.round((now - oldest) / 1000)),
    items,
  };
}

function item(
  event: Event,
  sending: ReadonlySet<string>,
  gone: ReadonlySet<string>,
  addressOf: (household: string) => string,
): OutboxItem {
  const { core } = event;
  const outcome = core?.payload["outcome"];
  return {
    id: event.id,
    household: core?.household ?? "",
    address: core ? addressOf(core.household) || String(core.payload["address"] ?? "") : "",
    kind: core?.kind ?? "visit",
    outcome: typeof outcome === "string" ? (outcome as Outcome) : null,
    made: core?.device_time ?? new Date(event.created).toISOString(),
    state: event.state === "waiting" && sending.has(event.id) ? "sending" : event.state,
    at: event.ackedAt === null ? null : new Date(event.ackedAt).toISOString(),
    code: event.code,
    reason: event.reason,
    corrects: core?.corrects ?? null,
    superseded: gone.has(event.id),
    tries: event.tries,
    slip: core && typeof outcome === "string" ? slipCode(event.sha256) : "",
  };
}
