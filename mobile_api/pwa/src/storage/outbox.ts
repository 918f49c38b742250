/**
 * The outbox: events leave it only by the server's acknowledgement. Every write is strict, every acknowledgement
 * compares the epoch inside its own transaction (sync.md, sections 7, 12 and 18).
 */
import type { Trace } from "../protocol/core";
import type { Move } from "../protocol/push";
import { strict, type Store } from "./open";
import type { DeadRow, Meta, OutboxRow, OutboxSchema, RetainedRow } from "./schema";

export type Outbox = Store<OutboxSchema>;
export const RETAIN_MS = 30 * 86_400_000;

export async function readMeta(outbox: Outbox): Promise<Meta | null> {
  return outbox.use(async (db) => ((await db.get("meta", "state")) as Meta | undefined) ?? null);
}

export async function readSecret(outbox: Outbox): Promise<CryptoKey | null> {
  return outbox.use(async (db) => {
    const found = await db.get("meta", "secret");
    return found && "secret" in found ? found.secret : null;
  });
}

/** The first record of a profile. Leaves what is there when there is one. */
export async function begin(outbox: Outbox, meta: Meta, secret: CryptoKey): Promise<void> {
  await outbox.use(async (db) => {
    const tx = strict(db, ["meta"]);
    const meta_ = tx.objectStore("meta");
    if (!(await meta_.get("state"))) {
      await meta_.put(meta);
      await meta_.put({ key: "secret", secret });
    }
    await tx.done;
  });
}

/** Change the profile's record by `change`, which sees the newest one. */
export async function updateMeta(outbox: Outbox, change: (meta: Meta) => Partial<Meta>): Promise<Meta> {
  return outbox.use(async (db) => {
    const tx = strict(db, ["meta"]);
    const meta = (await tx.objectStore("meta").get("state")) as Meta;
    const next = { ...meta, ...change(meta) };
    await tx.objectStore("meta").put(next);
    await tx.done;
    return next;
  });
}

export interface Everything {
  outbox: OutboxRow[];
  retained: RetainedRow[];
  dead: DeadRow[];
}

export async function readAll(outbox: Outbox): Promise<Everything> {
  return outbox.use(async (db) => {
    const tx = db.transaction(["outbox", "retained", "dead"]);
    const [waiting, retained, dead] = await Promise.all([
      tx.objectStore("outbox").getAll(),
      tx.objectStore("retained").getAll(),
      tx.objectStore("dead").getAll(),
    ]);
    return { outbox: waiting, retained, dead };
  });
}

export type NewItem = Pick<OutboxRow, "id" | "sha256" | "core_enc" | "sealed" | "created">;

/** Write new events, all or none. Resolves only when the strict transaction is complete. */
export async function add(outbox: Outbox, items: readonly NewItem[]): Promise<void> {
  await outbox.use(async (db) => {
    const tx = strict(db, ["meta", "outbox"]);
    // A failed request must end in tx.done, not in an unhandled rejection of its own.
    const work = (async () => {
      const meta = (await tx.objectStore("meta").get("state")) as Meta;
      let order = meta.order;
      for (const item of items) {
        const row = { ...item, order: order++, tries: 0, last_code: null, next_try_at: 0, reoffer: false };
        await tx.objectStore("outbox").put(row);
      }
      await tx.objectStore("meta").put({ ...meta, order });
    })();
    await Promise.all([work, tx.done]);
  });
}

/** What an acknowledgement does to its item; `id` of a renamed one is given by `rename`. */
export interface Acknowledgement {
  id: string;
  move: Move;
  /** what stays of it when it is scrubbed */
  trace?: Trace | null;
}

/**
 * Move items by the server's answers. False, and nothing is moved, when the profile has another epoch by now: the
 * answer is then about a history that is no more.
 */
export async function acknowledge(
  outbox: Outbox,
  epoch: string,
  answers: readonly Acknowledgement[],
  serverTime: number,
  rename: () => string,
): Promise<boolean> {
  return outbox.use(async (db) => {
    const tx = strict(db, ["meta", "outbox", "retained", "dead"]);
    const meta = (await tx.objectStore("meta").get("state")) as Meta;
    if (meta.epoch !== epoch) {
      await tx.done;
      return false;
    }
    let order = meta.order;
    for (const { id, move, trace } of answers) {
      const row = await tx.objectStore("outbox").get(id);
      if (!row) continue; // another tab was faster
      if (move.to === "keep") {
        const back = move.back ? { order: order++ } : {};
        const kept = { last_code: move.code, next_try_at: move.next_try_at, tries: row.tries + 1, ...back };
        await tx.objectStore("outbox").put({ ...row, ...kept });
        continue;
      }
      await tx.objectStore("outbox").delete(id);
      if (move.to === "renamed") {
        await tx.objectStore("outbox").put({ ...row, id: rename(), last_code: "id_conflict", next_try_at: 0 });
      } else if (move.to === "dead") {
        await tx.objectStore("dead").put({ ...row, last_code: "invalid", reason: move.reason });
      } else {
        await tx.objectStore("retained").put(retainedRow(row, move, serverTime, trace ?? row.trace ?? null));
      }
    }
    await tx.objectStore("meta").put({ ...meta, order });
    await tx.done;
    return true;
  });
}

function retainedRow(
  row: OutboxRow,
  move: Move & { to: "retained" | "scrubbed" },
  serverTime: number,
  trace: Trace | null,
): RetainedRow {
  const { id, sha256, order, created } = row;
  const kept = { id, sha256, order, created, code: move.code, acked_at: serverTime };
  if (move.to === "scrubbed" || row.core_enc === null) return { ...kept, core_enc: null, sealed: null, v: null, trace };
  return { ...kept, core_enc: row.core_enc, sealed: row.sealed, v: move.v };
}

/** A whole batch went unanswered: each item waits its turn; the only item of a batch goes to the back. */
export async function failed(outbox: Outbox, ids: readonly string[], until: number, code: string): Promise<void> {
  await outbox.use(async (db) => {
    const tx = strict(db, ["meta", "outbox"]);
    const meta = (await tx.objectStore("meta").get("state")) as Meta;
    let order = meta.order;
    for (const id of ids) {
      const row = await tx.objectStore("outbox").get(id);
      if (!row) continue;
      const back = ids.length === 1 ? { order: order++ } : {};
      const next = { tries: row.tries + 1, last_code: code, next_try_at: until, ...back };
      await tx.objectStore("outbox").put({ ...row, ...next });
    }
    await tx.objectStore("meta").put({ ...meta, order });
    await tx.done;
  });
}

/** There is a network again, or the person asks: whoever waits for a second try may try now. */
export async function hurry(outbox: Outbox, codes: ReadonlySet<string>): Promise<void> {
  await outbox.use(async (db) => {
    const tx = strict(db, ["outbox"]);
    for (const row of await tx.objectStore("outbox").getAll()) {
      if (row.next_try_at > 0 && row.last_code !== null && codes.has(row.last_code)) {
        await tx.objectStore("outbox").put({ ...row, next_try_at: 0 });
      }
    }
    await tx.done;
  });
}

/** The server tells another history: offer it everything again that the old one had. True when that is news. */
export async function adoptEpoch(outbox: Outbox, epoch: string): Promise<boolean> {
  return outbox.use(async (db) => {
    const tx = strict(db, ["meta", "outbox", "retained"]);
    const meta = (await tx.objectStore("meta").get("state")) as Meta;
    const news = meta.epoch !== epoch;
    if (news) {
      await offerAgain(tx);
      await tx.objectStore("meta").put({ ...meta, epoch });
    }
    await tx.done;
    return news;
  });
}

/** The same without a new epoch, at most once a day of server time. True when something was moved. */
export async function reoffer(outbox: Outbox, serverTime: number): Promise<boolean> {
  return outbox.use(async (db) => {
    const tx = strict(db, ["meta", "outbox", "retained"]);
    const meta = (await tx.objectStore("meta").get("state")) as Meta;
    const soon = meta.reoffered_at !== null && serverTime - meta.reoffered_at < 86_400_000;
    const moved = soon ? 0 : await offerAgain(tx);
    if (!soon) await tx.objectStore("meta").put({ ...meta, reoffered_at: serverTime });
    await tx.done;
    return moved > 0;
  });
}

async function offerAgain(tx: ReturnType<typeof strict<OutboxSchema>>): Promise<number> {
  const retained = await tx.objectStore("retained").getAll();
  let moved = 0;
  for (const row of retained) {
    // A scrubbed event offers what is left of it. One that an older build scrubbed has nothing left.
    if (row.core_enc === null && !row.trace) continue;
    const { id, sha256, core_enc, sealed, order, created, trace } = row;
    const again = { tries: 0, last_code: null, next_try_at: 0, reoffer: true };
    await tx.objectStore("outbox").put({ id, sha256, core_enc, sealed, order, created, trace: trace ?? null, ...again });
    await tx.objectStore("retained").delete(id);
    moved++;
  }
  return moved;
}

/** What the server has acknowledged, of these ids. */
export async function readRetained(outbox: Outbox, ids: readonly string[]): Promise<RetainedRow[]> {
  return outbox.use(async (db) => {
    const rows = await Promise.all(ids.map((id) => db.get("retained", id)));
    return rows.filter((row) => row !== undefined);
  });
}

/** Erased on the server: keep id, hash and `traces`, drop the content (tombstones of kind "event"). */
export async function scrub(outbox: Outbox, traces: ReadonlyMap<string, Trace | null>): Promise<void> {
  if (!traces.size) return;
  await outbox.use(async (db) => {
    const tx = strict(db, ["retained"]);
    for (const [id, trace] of traces) {
      const row = await tx.objectStore("retained").get(id);
      if (row?.core_enc) await tx.objectStore("retained").put({ ...row, core_enc: null, sealed: null, trace });
    }
    await tx.done;
  });
}

/** A phone that was shut out and has handed over everything: nothing of anybody stays. False while something waits. */
export async function empty(outbox: Outbox): Promise<boolean> {
  return outbox.use(async (db) => {
    const tx = strict(db, ["meta", "outbox", "retained", "dead"]);
    const left = (await tx.objectStore("outbox").count()) + (await tx.objectStore("dead").count());
    if (!left) {
      await tx.objectStore("retained").clear();
      const meta = (await tx.objectStore("meta").get("state")) as Meta;
      await tx.objectStore("meta").put({ ...meta, wiped: true });
    }
    await tx.done;
    return !left;
  });
}

/** Drop what was acknowledged more than 30 days of server time ago. Only after a cycle whose digests were equal. */
export async function purge(outbox: Outbox, serverTime: number): Promise<void> {
  await outbox.use(async (db) => {
    const tx = strict(db, ["retained"]);
    for (const row of await tx.objectStore("retained").getAll()) {
      if (serverTime - row.acked_at > RETAIN_MS) await tx.objectStore("retained").delete(row.id);
    }
    await tx.done;
  });
}
