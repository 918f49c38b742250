/** The cache: everything in it can be pulled again. A page's rows and its cursor are written together or not at all. */
import type { Encrypted } from "../crypto/box";
import type { Stream } from "../protocol/pull";
import { strict, type Store } from "./open";
import type { CacheRow, CacheSchema, WrappedKey } from "./schema";

export type Cache = Store<CacheSchema>;
const LOCAL = "local";

export async function readKeys(cache: Cache): Promise<{ device: CryptoKey | null; profile: WrappedKey | null }> {
  return cache.use(async (db) => {
    const [device, profile] = await Promise.all([db.get("keys", "device"), db.get("keys", "profile")]);
    return {
      device: device && "key" in device ? device.key : null,
      profile: profile && "by" in profile ? profile : null,
    };
  });
}

/** The first keys of a cache; leaves what another tab has put there. */
export async function beginKeys(cache: Cache, profile: WrappedKey, device: CryptoKey): Promise<void> {
  await cache.use(async (db) => {
    const tx = strict(db, ["keys"]);
    if (!(await tx.objectStore("keys").get("profile"))) {
      await tx.objectStore("keys").put(profile);
      await tx.objectStore("keys").put({ name: "device", key: device });
    }
    await tx.done;
  });
}

export async function writeProfileKey(cache: Cache, profile: WrappedKey): Promise<void> {
  await cache.use(async (db) => {
    const tx = strict(db, ["keys"]);
    await tx.objectStore("keys").put(profile);
    await tx.done;
  });
}

/** Make everything here unreadable and gone, in one transaction; `next` is the key for what may come after. */
export async function wipe(cache: Cache, next: WrappedKey): Promise<void> {
  await cache.use(async (db) => {
    const tx = strict(db, ["keys", "streams", "rows"]);
    await tx.objectStore("keys").put(next);
    await tx.objectStore("rows").clear();
    await tx.objectStore("streams").clear();
    await tx.done;
  });
}

export async function readStreams(cache: Cache): Promise<Stream[]> {
  return cache.use((db) => db.getAll("streams"));
}

export async function readStream(cache: Cache, stream: string): Promise<Stream | null> {
  return cache.use(async (db) => (await db.get("streams", stream)) ?? null);
}

export async function writeStream(cache: Cache, state: Stream): Promise<void> {
  await cache.use(async (db) => {
    const tx = strict(db, ["streams"]);
    await tx.objectStore("streams").put(state);
    await tx.done;
  });
}

export async function readSet(cache: Cache, stream: string, set: number): Promise<CacheRow[]> {
  return cache.use((db) => db.getAll("rows", setRange(stream, set)));
}

export interface PageWrite {
  /** the state the page was asked from; another `rev` in the store drops the page */
  from: Stream;
  next: Stream;
  set: number;
  rows: readonly CacheRow[];
  gone: readonly { kind: string; id: string }[];
  drop: readonly number[];
  /** households with something in the outbox: they stay, as leaving */
  pending: ReadonlySet<string>;
}

/** Apply one page in one strict transaction. False when the stream moved on meanwhile: the page is then dropped. */
export async function applyPage(cache: Cache, write: PageWrite): Promise<boolean> {
  const { from, next, set, pending } = write;
  return cache.use(async (db) => {
    const tx = strict(db, ["streams", "rows"]);
    const rows = tx.objectStore("rows");
    const stored = await tx.objectStore("streams").get(from.stream);
    if ((stored?.rev ?? 0) !== from.rev) {
      await tx.done;
      return false;
    }
    for (const row of write.rows) await rows.put(row);
    for (const { kind, id } of write.gone) await takeAway(rows, [from.stream, set, kind, id], pending);
    if (next.live === set && from.live !== null && from.live !== set) {
      await carryLeaving(rows, from.stream, from.live, set, pending);
    }
    for (const old of write.drop) await rows.delete(setRange(from.stream, old));
    await tx.objectStore("streams").put(next);
    await tx.done;
    return true;
  });
}

type Rows = {
  get(key: [string, number, string, string]): Promise<CacheRow | undefined>;
  getAll(range: IDBKeyRange): Promise<CacheRow[]>;
  put(row: CacheRow): Promise<unknown>;
  delete(key: [string, number, string, string] | IDBKeyRange): Promise<unknown>;
};

async function takeAway(rows: Rows, key: [string, number, string, string], pending: ReadonlySet<string>): Promise<void> {
  const row = await rows.get(key);
  if (row && pending.has(row.id)) await rows.put({ ...row, leaving: true });
  else await rows.delete(key);
}

/** A completed snapshot takes rows away, too; those with waiting events go over as leaving. */
async function carryLeaving(
  rows: Rows,
  stream: string,
  from: number,
  to: number,
  pending: ReadonlySet<string>,
): Promise<void> {
  for (const row of await rows.getAll(setRange(stream, from))) {
    if (!pending.has(row.id) || (await rows.get([stream, to, row.kind, row.id]))) continue;
    await rows.put({ ...row, set: to, leaving: true });
  }
}

/** Leaving rows whose last event was acknowledged go. True when there were any. */
export async function sweepLeaving(cache: Cache, pending: ReadonlySet<string>): Promise<boolean> {
  return cache.use(async (db) => {
    const tx = db.transaction("rows", "readwrite");
    let swept = false;
    for (const row of await tx.store.getAll()) {
      if (!row.leaving || pending.has(row.id)) continue;
      await tx.store.delete([row.stream, row.set, row.kind, row.id]);
      swept = true;
    }
    await tx.done;
    return swept;
  });
}

/** A stream the person has no more: its rows and its state go, the outbox is not touched. */
export async function dropStream(cache: Cache, stream: string, pending: ReadonlySet<string>): Promise<void> {
  await cache.use(async (db) => {
    const tx = strict(db, ["streams", "rows"]);
    const range = IDBKeyRange.bound([stream, 0, "", ""], [stream, Infinity, "\uffff", "\uffff"]);
    for (const row of await tx.objectStore("rows").getAll(range)) {
      await takeAway(tx.objectStore("rows"), [stream, row.set, row.kind, row.id], pending);
    }
    await tx.objectStore("streams").delete(stream);
    await tx.done;
  });
}

export async function writeLocal(cache: Cache, name: string, enc: Encrypted): Promise<void> {
  await cache.use(async (db) => {
    const tx = db.transaction("rows", "readwrite");
    await tx.store.put({ stream: LOCAL, set: 0, kind: "pack", id: name, v: 0, enc, leaving: false });
    await tx.done;
  });
}

export async function readLocal(cache: Cache, name: string): Promise<Encrypted | null> {
  return cache.use(async (db) => (await db.get("rows", [LOCAL, 0, "pack", name]))?.enc ?? null);
}

export const rowContext = (kind: string, id: string): string => `row|${kind}|${id}`;

function setRange(stream: string, set: number): IDBKeyRange {
  return IDBKeyRange.bound([stream, set, "", ""], [stream, set, "\uffff", "\uffff"]);
}
