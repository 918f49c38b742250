/** Receiving: the own stream first, then every stream it names, page by page until nothing is left. */
import { box, unbox } from "../crypto/box";
import { readCore, traceOf, type Trace } from "../protocol/core";
import { digest, type Versioned } from "../protocol/digest";
import { apply, ask, emptyStream, readPage, target, type Page, type Stream } from "../protocol/pull";
import type { PullIn } from "../protocol/wire";
import * as cache from "../storage/cache";
import * as outbox from "../storage/outbox";
import type { CacheRow } from "../storage/schema";
import type { Problem, SyncDeps } from "./cycle";
import { errorCode, request } from "./http";
import { coreContext } from "./push";

const PAGE_LIMIT = 500;
// A stream that is still not finished after this many pages waits for the next cycle: no loop without an end.
const MOST_PAGES = 200;

export interface Pulled {
  problem: Problem | null;
  /** events came back to the outbox: push once more */
  reoffered: boolean;
  equal: boolean;
}

export async function pullAll(deps: SyncDeps): Promise<Pulled> {
  const own = `user:${deps.account}`;
  const result: Pulled = { problem: null, reoffered: false, equal: true };
  result.problem = await pullStream(deps, own, result);
  if (result.problem) return result;
  const named = await streamsOf(deps, own);
  for (const known of await cache.readStreams(deps.cache)) {
    if (known.stream !== own && !named.includes(known.stream)) {
      await cache.dropStream(deps.cache, known.stream, await deps.pending());
      await deps.rowsChanged();
    }
  }
  for (const stream of named) {
    result.problem = await pullStream(deps, stream, result);
    if (result.problem) return result;
  }
  return result;
}

async function streamsOf(deps: SyncDeps, own: string): Promise<string[]> {
  const state = await cache.readStream(deps.cache, own);
  if (state?.live == null) return [];
  const rows = await cache.readSet(deps.cache, own, state.live);
  const data = await Promise.all(
    rows
      .filter((row) => row.kind === "stream")
      .map(async (row) => JSON.parse(await unbox(deps.ports, deps.key(), cache.rowContext(row.kind, row.id), row.enc))),
  );
  return data.map((one: { stream: string }) => one.stream).sort();
}

async function pullStream(deps: SyncDeps, stream: string, result: Pulled): Promise<Problem | null> {
  for (let page = 0; page < MOST_PAGES; page++) {
    const state = (await cache.readStream(deps.cache, stream)) ?? emptyStream(stream);
    const asked = deps.ports.now();
    const body: PullIn = { ...ask(state), limit: PAGE_LIMIT, device: await deps.telemetry() };
    const reply = await request(deps.ports, "POST", "/api/v1/sync/pull", body);
    if (!reply) return "network";
    if (reply.status === 401) return "sign_in";
    if (reply.status === 403) return errorCode(reply) === "revoked" ? "revoked" : "sign_in";
    if (reply.status === 404 && errorCode(reply) === "stream_gone") {
      await cache.dropStream(deps.cache, stream, await deps.pending());
      await deps.rowsChanged();
      return null;
    }
    if (reply.status === 426) return "upgrade";
    if (reply.status === 429 || reply.status === 503) return "busy";
    if (reply.status !== 200) return "server";
    const read = readPage(reply.body, stream);
    if (!read) return "network";
    await deps.contact(read.server_time, asked);
    deps.outdated(read.outdated === true);
    if (await outbox.adoptEpoch(deps.outbox, read.epoch)) {
      result.reoffered = true;
      await deps.changed();
    }
    if (!(await take(deps, state, read, result))) return null;
  }
  return null;
}

/** Apply a page; true when there is more to ask. */
async function take(deps: SyncDeps, state: Stream, page: Page, result: Pulled): Promise<boolean> {
  const { set, fresh } = target(state, page);
  const held = fresh || quiet(state, page) ? [] : await cache.readSet(deps.cache, state.stream, set);
  const equal = page.more || quiet(state, page) || (await wouldBe(deps, held, page)) === page.scope_digest;
  const applied = apply(state, page, equal);
  const rows = await Promise.all(
    page.rows.filter((row) => !row.deleted).map((row) => boxed(deps, state.stream, set, row)),
  );
  const gone = page.rows.filter((row) => row.deleted);
  // Before the page itself: once the cursor has moved, nobody says it again.
  await scrub(deps, gone.filter((row) => row.kind === "event").map((row) => row.id));
  if (applied.reoffer && (await outbox.reoffer(deps.outbox, Date.parse(page.server_time)))) {
    result.reoffered = true;
    await deps.changed();
  }
  const done = await cache.applyPage(deps.cache, {
    from: state,
    next: applied.next,
    set,
    rows,
    gone,
    drop: applied.drop,
    pending: await deps.pending(),
  });
  if (!done) return true; // another tab was faster: ask again from where it got to
  if (applied.next.diverged) result.equal = false;
  if (page.rows.length || page.reset || applied.drop.length) await deps.rowsChanged(page.rows.length);
  return applied.again;
}

/** Events that were erased on the server lose their content here, too. */
async function scrub(deps: SyncDeps, ids: readonly string[]): Promise<void> {
  if (!ids.length) return;
  const traces = new Map<string, Trace | null>();
  for (const { id, sha256, core_enc } of await outbox.readRetained(deps.outbox, ids)) {
    if (!core_enc) continue;
    const core = await unbox(deps.ports, deps.secret, coreContext(sha256), core_enc).catch(() => null);
    traces.set(id, core === null ? null : traceOf(readCore(core)));
  }
  await outbox.scrub(deps.outbox, traces);
  await deps.changed();
}

/** Nothing new and the same digest as last time: no need to read what we hold. */
function quiet(state: Stream, page: Page): boolean {
  return (
    !page.reset && !page.more && !page.rows.length && state.building === null && page.scope_digest === state.digest && !state.diverged
  );
}

async function wouldBe(deps: SyncDeps, held: readonly CacheRow[], page: Page): Promise<string> {
  const found = new Map<string, Versioned>();
  for (const row of held) if (!row.leaving) found.set(`${row.kind}|${row.id}`, row);
  for (const row of page.rows) {
    const key = `${row.kind}|${row.id}`;
    if (row.deleted) found.delete(key);
    else found.set(key, { kind: row.kind, id: row.id, v: row.v! });
  }
  return digest(deps.ports.subtle, found.values());
}

async function boxed(
  deps: SyncDeps,
  stream: string,
  set: number,
  row: { kind: string; id: string; v?: number; data?: unknown },
): Promise<CacheRow> {
  const { kind, id } = row;
  const enc = await box(deps.ports, deps.key(), cache.rowContext(kind, id), JSON.stringify(row.data));
  return { stream, set, kind, id, v: row.v!, enc, leaving: false };
}
