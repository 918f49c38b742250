/** Sending: due items, oldest first, until none is left or a request fails. */
import { unbox } from "../crypto/box";
import { backoff, retryAfter } from "../protocol/backoff";
import { rfc3339 } from "../protocol/core";
import { UUID, uuid7 } from "../protocol/ids";
import { SCHEMA, readCore, traceOf, type Trace } from "../protocol/core";
import { MAX_ITEMS, PROTO, batch, due, moveFor, nextLimit, readPushReply, type Ready } from "../protocol/push";
import type { PushIn } from "../protocol/wire";
import type { Problem, SyncDeps } from "./cycle";
import { errorCode, request, type Reply } from "./http";
import * as outbox from "../storage/outbox";
import type { OutboxRow } from "../storage/schema";

export const coreContext = (sha256: string): string => `core|${sha256}`;

/** What sending needs of a cycle; the service worker has no more. */
export type PushDeps = Pick<SyncDeps, "ports" | "outbox" | "secret" | "contact" | "changed" | "sending"> & {
  /** where to; a phone that was shut out hands its events over at another door */
  path?: string;
};

/** How the sending goes, kept between cycles: how many at once, and how many failed in a row. */
export interface Pace {
  limit: number;
  fails: number;
  /** phone's clock: nothing is sent before (429, 503) */
  notBefore: number;
}
export const fullPace = (): Pace => ({ limit: MAX_ITEMS, fails: 0, notBefore: 0 });

/** Null when everything due was sent. "other_history": pull first, that heals. */
export async function pushAll(deps: PushDeps, pace: Pace): Promise<Problem | "other_history" | null> {
  const { ports } = deps;
  const offered = new Set<string>();
  for (;;) {
    const all = await outbox.readAll(deps.outbox);
    // An item is offered once a cycle; what the server put off waits for its time.
    const rows = due(all.outbox, ports.now()).filter((row) => !offered.has(row.id));
    if (!rows.length) return ports.now() < pace.notBefore ? "busy" : null;
    if (ports.now() < pace.notBefore) return "busy";
    const chosen = batch(await open(deps, rows.slice(0, pace.limit)), pace.limit);
    if (!chosen.length) return null;
    for (const { id } of chosen) offered.add(id);
    deps.sending(chosen.map((item) => item.id));
    try {
      const problem = await send(deps, pace, chosen, rows);
      if (problem) return problem;
    } finally {
      deps.sending([]);
    }
  }
}

async function send(
  deps: PushDeps,
  pace: Pace,
  chosen: Ready[],
  rows: OutboxRow[],
): Promise<Problem | "other_history" | null> {
  const { ports } = deps;
  const asked = ports.now();
  const reply = await post(deps, chosen);
  const read = reply?.status === 200 ? readPushReply(reply.body, chosen) : null;
  if (!read) return refused(deps, pace, chosen, rows, reply);
  Object.assign(pace, fullPace());
  await deps.contact(read.server_time, asked);
  const byId = new Map(rows.map((row) => [row.id, row]));
  const sent = new Map(chosen.map((item) => [item.id, item]));
  const answers = read.results.map((result) => ({
    id: result.id,
    move: moveFor(result, byId.get(result.id)!, ports.now(), ports.random),
    trace: leftOf(sent.get(result.id)!),
  }));
  const rename = (): string => uuid7(ports.now(), ports.random);
  const counted = await outbox.acknowledge(deps.outbox, read.epoch, answers, Date.parse(read.server_time), rename);
  await deps.changed();
  return counted ? null : "other_history";
}

async function post(deps: PushDeps, items: Ready[]): Promise<Reply | null> {
  const { ports } = deps;
  const meta = await outbox.readMeta(deps.outbox);
  const asked = ports.now();
  return request(ports, "POST", deps.path ?? "/api/v1/sync/push", {
    proto: PROTO,
    epoch: meta!.epoch,
    device: meta!.device,
    device_now: rfc3339(asked, ports.zone(asked).minutes),
    schema: SCHEMA,
    n: items.length,
    items,
  } satisfies PushIn);
}

/** Whether the server still tells the history that this profile knows; another one is adopted. Null: no answer. */
export async function sameHistory(deps: PushDeps): Promise<boolean | null> {
  const reply = await post(deps, []);
  // 410: too late to hand anything over; there is nobody left to heal.
  if (reply?.status === 410 || (reply?.status === 200 && readPushReply(reply.body, []))) return true;
  return reply?.status === 409 && (await adopt(deps, reply)) ? false : null;
}

/** Take over the history that a refusal names. */
async function adopt(deps: PushDeps, reply: Reply): Promise<boolean> {
  const told = (reply.body as { epoch?: unknown }).epoch;
  if (errorCode(reply) !== "epoch" || typeof told !== "string" || !UUID.test(told)) return false;
  return outbox.adoptEpoch(deps.outbox, told);
}

/** A request without a proper answer: everything stays, later or smaller. */
async function refused(
  deps: PushDeps,
  pace: Pace,
  chosen: Ready[],
  rows: OutboxRow[],
  reply: Reply | null,
): Promise<Problem | "other_history"> {
  const { ports } = deps;
  const status = reply?.status ?? 0;
  if (status === 401) return "sign_in";
  if (status === 403) return errorCode(reply!) === "revoked" ? "revoked" : "sign_in";
  if (status === 410) return "revoked";
  if (status === 409 && errorCode(reply!) === "epoch") {
    if (deps.path) await adopt(deps, reply!); // who may not pull any more learns of it here
    return "other_history";
  }
  pace.fails += 1;
  if (status === 413) pace.limit = Math.max(1, Math.floor(chosen.length / 2));
  else pace.limit = nextLimit(Math.min(pace.limit, Math.max(chosen.length, 1)), pace.fails);
  const busy = status === 429 || status === 503;
  const told = busy ? retryAfter(reply!.retryAfter, ports.now()) : null;
  const tries = Math.min(...rows.filter((row) => chosen.some((item) => item.id === row.id)).map((row) => row.tries));
  const wait = status === 413 ? 0 : (told ?? backoff(tries, ports.random));
  if (busy) pace.notBefore = ports.now() + wait;
  const ids = chosen.map((item) => item.id);
  await outbox.failed(deps.outbox, ids, ports.now() + wait, status ? `http_${status}` : "no_reply");
  return status === 0 ? "network" : busy ? "busy" : "server";
}

/** What stays of an item when its household took its consent back. */
function leftOf(item: Ready): Trace {
  return "core" in item ? traceOf(readCore(item.core)) : item.redacted;
}

/** Outbox rows as they go over the wire. */
export async function open(deps: Pick<PushDeps, "ports" | "secret">, rows: OutboxRow[]): Promise<Ready[]> {
  const found = rows.map(async ({ id, sha256, core_enc, trace }): Promise<Ready | null> => {
    if (core_enc === null) return trace ? { id, sha256, redacted: trace } : null;
    return { id, sha256, core: await unbox(deps.ports, deps.secret, coreContext(sha256), core_enc) };
  });
  return (await Promise.all(found)).filter((item) => item !== null);
}
