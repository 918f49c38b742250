/** One stream's state and what a page does to it: pure decisions (sync.md, sections 8 to 10). */
import { UUID } from "./ids";
import { PROTO, isMoment, isObject } from "./push";
import type { PullIn, PullOut, RowOut } from "./wire";

export const SCHEMA = 1;
const HOUR_MS = 3_600_000;

/**
 * What the phone knows of a stream. A cursor belongs to (stream, epoch, gen); `live` and `building` number the row
 * sets; `rev` grows with every change, so that a reply is applied only onto the state it was asked from.
 */
export interface Stream {
  stream: string;
  epoch: string | null;
  gen: number | null;
  cursor: number | null;
  snapshot_head: number | null;
  live: number | null;
  building: number | null;
  last_snapshot: number;
  initial_sync_done: boolean;
  /** the snapshot being built is the second try after a digest that differed */
  retaken: boolean;
  count: number | null;
  digest: string | null;
  /** server time (ms) of the last snapshot that a mismatch forced */
  forced_at: number | null;
  diverged: boolean;
  rev: number;
}

export type Row = RowOut;
export type Page = Omit<PullOut, "rows" | "reset_reason"> & { rows: Row[]; reset_reason: string | null };

export function emptyStream(stream: string): Stream {
  return {
    stream,
    epoch: null,
    gen: null,
    cursor: null,
    snapshot_head: null,
    live: null,
    building: null,
    last_snapshot: 0,
    initial_sync_done: false,
    retaken: false,
    count: null,
    digest: null,
    forced_at: null,
    diverged: false,
    rev: 0,
  };
}

/** The request for the next page. */
export function ask(state: Stream): Omit<PullIn, "limit" | "device"> {
  return {
    proto: PROTO,
    schema: SCHEMA,
    stream: state.stream,
    gen: state.gen,
    epoch: state.epoch,
    cursor: state.cursor,
    snapshot_head: state.snapshot_head,
  };
}

/** The page, when it is one. Null means "no reply". */
export function readPage(body: unknown, stream: string): Page | null {
  if (!isObject(body) || body["proto"] !== PROTO || body["stream"] !== stream) return null;
  const { epoch, server_time, gen, reset, rows, next_cursor, snapshot_head, more } = body;
  const whole =
    typeof epoch === "string" &&
    UUID.test(epoch) &&
    isMoment(server_time) &&
    Number.isInteger(gen) &&
    typeof reset === "boolean" &&
    typeof more === "boolean" &&
    Number.isInteger(next_cursor) &&
    (snapshot_head === null || Number.isInteger(snapshot_head)) &&
    (more || (typeof body["scope_digest"] === "string" && Number.isInteger(body["scope_count"]))) &&
    Array.isArray(rows) &&
    rows.every(isRow);
  return whole ? (body as unknown as Page) : null;
}

function isRow(row: unknown): row is Row {
  if (!isObject(row) || typeof row["kind"] !== "string" || typeof row["id"] !== "string") return false;
  return row["deleted"] === true || (Number.isInteger(row["v"]) && isObject(row["data"]));
}

/** Which set a page's rows go to, and whether that set begins empty. */
export function target(state: Stream, page: Page): { set: number; fresh: boolean } {
  if (page.reset || (state.live === null && state.building === null)) {
    return { set: state.last_snapshot + 1, fresh: true };
  }
  return { set: state.building ?? state.live!, fresh: false };
}

export interface Applied {
  next: Stream;
  /** row sets that are no longer needed */
  drop: number[];
  /** ask again at once: pages are left, or the snapshot is taken once more */
  again: boolean;
  /** the server's history is not the one we knew: offer the retained events again */
  reoffer: boolean;
}

/**
 * The state after a page. `digestEqual`: whether what the target set holds with this page has the page's digest; only
 * asked for on a last page.
 */
export function apply(state: Stream, page: Page, digestEqual: boolean): Applied {
  const { set, fresh } = target(state, page);
  const building = fresh ? set : state.building;
  const drop = fresh && state.building !== null ? [state.building] : [];
  const next: Stream = {
    ...state,
    epoch: page.epoch,
    gen: page.gen,
    cursor: page.next_cursor,
    snapshot_head: page.snapshot_head,
    building,
    last_snapshot: Math.max(state.last_snapshot, set),
    rev: state.rev + 1,
  };
  const reoffer = page.reset_reason === "ahead";
  if (page.more) return { next, drop, again: true, reoffer };
  next.count = page.scope_count;
  next.digest = page.scope_digest;
  if (building !== null) return endSnapshot(state, next, drop, digestEqual, reoffer);
  if (digestEqual) return { next: { ...next, diverged: false }, drop, again: false, reoffer };
  return mismatch(state, next, Date.parse(page.server_time), reoffer);
}

/** A snapshot is complete: swap; or take it once more; or use it with a warning, which is better than no list. */
function endSnapshot(
  state: Stream,
  next: Stream,
  drop: number[],
  digestEqual: boolean,
  reoffer: boolean,
): Applied {
  if (!digestEqual && !state.retaken) {
    const again = { ...next, cursor: null, snapshot_head: null, building: null, retaken: true };
    return { next: again, drop: [...drop, next.building!], again: true, reoffer };
  }
  return {
    next: {
      ...next,
      live: next.building,
      building: null,
      retaken: false,
      initial_sync_done: digestEqual,
      diverged: !digestEqual,
    },
    drop: state.live === null ? drop : [...drop, state.live],
    again: false,
    reoffer,
  };
}

/** What we hold is not what the server says we should hold: a snapshot, at most once an hour, then a banner. */
function mismatch(state: Stream, next: Stream, serverNow: number, reoffer: boolean): Applied {
  if (state.forced_at !== null && serverNow - state.forced_at < HOUR_MS) {
    return { next: { ...next, diverged: true }, drop: [], again: false, reoffer };
  }
  const again = { ...next, cursor: null, snapshot_head: null, forced_at: serverNow };
  return { next: again, drop: [], again: true, reoffer: true };
}
