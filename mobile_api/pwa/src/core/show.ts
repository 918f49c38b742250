/** From storage to the screens: read, decrypt, lay own events over the rows, publish. */
import type { DoorDetail, Me, OutboxItem, Service } from "../contract";
import { box, unbox } from "../crypto/box";
import { PIN_TRIES } from "../crypto/keys";
import { leaseEnd } from "../protocol/lease";
import type { Stream } from "../protocol/pull";
import * as cache from "../storage/cache";
import * as outbox from "../storage/outbox";
import type { CacheRow, Meta } from "../storage/schema";
import { addedRows, detail, inOrder, localMinute, unseen, type DoorRow, type RowData } from "./doors";
import { openEvents, outboxView } from "./events";
import type { Session } from "./profile";
import { readPack, stampOf } from "./pack";
import { patch, type World } from "./world";

const DAY_MS = 86_400_000;
const packContext = (name: string): string => `pack|${name}`;
/** A door is worked out again only when its row or something of ours at it changed. */
const worked = new WeakMap<DoorRow, { day: string; order: readonly Service[]; door: DoorDetail }>();

/** The state of the streams that `world.rows` was read from. */
const shown = new WeakMap<World, string>();

/** Read the rows again when another tab moved the streams on and could not say so. */
export async function catchUp(world: World): Promise<void> {
  const { session } = world;
  if (!session?.key) return;
  if (shown.get(world) !== stampOf(await cache.readStreams(session.cache))) await loadRows(world);
}

/** Read the rows of every stream again. Rows that did not change keep their identity. */
export async function loadRows(world: World): Promise<void> {
  const { session } = world;
  if (!session?.key) {
    world.rows = new Map();
    return;
  }
  const streams = await cache.readStreams(session.cache);
  shown.set(world, stampOf(streams));
  const found = new Map<string, DoorRow>();
  const sets = streams.map((state) => [state.stream, state.live ?? state.building] as const);
  for (const [stream, set] of sets) {
    if (set === null) continue;
    const rows = (await cache.readSet(session.cache, stream, set)).filter((row) => row.kind === "household");
    const opened = await Promise.all(rows.map((row) => open(world, session, row)));
    for (const row of opened) {
      const other = found.get(row.id);
      // Between two teams for a moment: the one that stays, then the newer one.
      if (!other || (other.leaving && !row.leaving) || (other.leaving === row.leaving && other.v! < row.v!)) {
        found.set(row.id, row);
      }
    }
  }
  world.rows = found;
  await publishStreams(world, session, streams);
}

/** Whether the list is whole, loading, or not what the server says. */
async function publishStreams(world: World, session: Session, streams: readonly Stream[]): Promise<void> {
  const own = streams.find((state) => state.stream === `user:${session.meta.account}`);
  const teams = streams.filter((state) => state !== own);
  const named = own?.live == null ? [] : await cache.readSet(session.cache, own.stream, own.live);
  const done = new Set(teams.filter((state) => state.initial_sync_done).map((state) => state.stream));
  const all = named.filter((row) => row.kind === "stream").every((row) => done.has(`team:${row.id}`));
  const ready = own?.initial_sync_done === true && all;
  const loading = teams.some((state) => state.live === null && state.building !== null);
  patch(world, {
    ready,
    loading: loading ? { rows: world.rows.size } : null,
    diverged: streams.some((state) => state.diverged),
  });
}

async function open(world: World, session: Session, row: CacheRow): Promise<DoorRow> {
  const known = world.rows.get(row.id);
  if (known && known.v === row.v && known.leaving === row.leaving) return known;
  const text = await unbox(world.ports, session.key!, cache.rowContext(row.kind, row.id), row.enc);
  return { id: row.id, v: row.v, leaving: row.leaving, data: JSON.parse(text) as RowData };
}

/** Read this phone's own events again; without the `history` what was sent is only counted. */
export async function loadEvents(world: World, history = true): Promise<void> {
  const { session } = world;
  if (!session) return;
  const all = await outbox.readAll(session.outbox);
  if (!history) all.retained = all.retained.map((row) => ({ ...row, core_enc: null }));
  world.events = await openEvents(world.ports, session.secret, all, world.opened);
}

/** Tell the screens what is so now. While locked only counts are told, nothing of what was written. */
export function publish(world: World): void {
  const { ports, session } = world;
  const readable = session?.key != null;
  const address = (household: string): string => (readable ? (world.rows.get(household)?.data.address ?? "") : "");
  const view = outboxView(world.events, world.sending, address, ports.now());
  world.outbox.set(readable ? view : { ...view, items: [] });
  const today = localMinute(serverNow(world)).slice(0, 10);
  const order = world.services.get();
  const details = new Map<string, DoorDetail>();
  const mine = unseen(world.rows, world.events);
  const items = byHousehold(view.items);
  const codes = order.map((service) => service.code);
  const rows = readable || world.status.get().phase === "lease_over" ? [...world.rows.values(), ...addedRows(world.rows, world.events)] : [];
  for (const row of rows) {
    const own = mine.get(row.id);
    const told = items.get(row.id);
    const known = own || told ? undefined : worked.get(row);
    if (known?.day === today && known.order === order) {
      details.set(row.id, known.door);
      continue;
    }
    const door = detail(row, own ?? [], told ?? [], codes, today);
    if (!own && !told) worked.set(row, { day: today, order, door });
    details.set(row.id, door);
  }
  const doors = [...details.values()].filter((door) => !door.leaving).sort(inOrder);
  world.details.set(details);
  world.doors.set(doors);
  const done = doors.filter((door) => door.done).length;
  patch(world, { progress: { done, total: doors.length } });
}

function byHousehold(items: readonly OutboxItem[]): Map<string, OutboxItem[]> {
  const found = new Map<string, OutboxItem[]>();
  for (const item of items) {
    const list = found.get(item.household);
    if (list) list.push(item);
    else found.set(item.household, [item]);
  }
  return found;
}

/** Lease, clock and PIN as the screens show them. */
export function publishMeta(world: World, meta: Meta): void {
  const { session } = world;
  if (!session) return;
  session.meta = meta;
  const ends = leaseEnd({ ...leaseOf(meta), offset: 0 });
  const { wrapped } = session;
  patch(world, {
    lastContact: new Date(meta.server_time).toISOString(),
    lease: {
      ends: new Date(ends).toISOString(),
      daysLeft: Math.max(0, Math.ceil((ends - serverNow(world)) / DAY_MS)),
    },
    leaving: meta.ended && meta.leaving ? { ...meta.leaving, handedOver: meta.wiped === true } : null,
    clockOffMs: meta.offset === null ? null : -meta.offset,
    pin: {
      set: wrapped.by === "pin",
      triesLeft: wrapped.by === "pin" ? PIN_TRIES - wrapped.tries : PIN_TRIES,
    },
  });
}

export function leaseOf(meta: Meta): { serverTime: number; days: number; highestClock: number; offset: number } {
  return {
    serverTime: meta.server_time,
    days: meta.lease_days,
    highestClock: meta.highest_clock,
    offset: meta.offset ?? 0,
  };
}

/** The server's clock, as well as this phone can tell. */
export function serverNow(world: World): number {
  return world.ports.now() + (world.session?.meta.offset ?? 0);
}

export async function remember(world: World, name: string, value: unknown): Promise<void> {
  const { ports, session } = world;
  if (!session?.key) return;
  const enc = await box(ports, session.key, packContext(name), JSON.stringify(value));
  await cache.writeLocal(session.cache, name, enc);
}

export async function recall<T>(world: World, name: string): Promise<T | null> {
  const { ports, session } = world;
  if (!session?.key) return null;
  const enc = await cache.readLocal(session.cache, name);
  if (!enc) return null;
  return JSON.parse(await unbox(ports, session.key, packContext(name), enc)) as T;
}

/** Everything readable, from a just opened key: first what the list needs, then the history. */
export async function loadAll(world: World): Promise<void> {
  const [me, services, rows] = await Promise.all([
    recall<Me>(world, "me"),
    recall<Service[]>(world, "services"),
    readPack(world),
    loadEvents(world, false),
  ]);
  if (me) patch(world, { me });
  if (services) world.services.set(services);
  if (rows && world.session) {
    const streams = await cache.readStreams(world.session.cache);
    world.rows = rows;
    shown.set(world, stampOf(streams));
    await publishStreams(world, world.session, streams);
  } else await loadRows(world);
  publish(world);
  await loadEvents(world);
  publish(world);
}
