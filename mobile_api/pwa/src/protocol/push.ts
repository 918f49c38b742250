/** What to send, and what a reply means: pure decisions over plain records (sync.md, section 7). */
import { backoff } from "./backoff";
import type { Trace } from "./core";
import { UUID } from "./ids";
import type { ResultOut } from "./wire";

export const PROTO = 1;
export const MAX_ITEMS = 50;
export const MAX_BYTES = 240 * 1024; // 256 KiB on the server, with room for the envelope
export const FAILS_BEFORE_HALVING = 3;
const ANOTHER_LOGIN_MS = 3_600_000;

/** An outbox item as far as the choice needs it; times in ms of the phone's clock. */
export interface Waiting {
  id: string;
  order: number;
  tries: number;
  next_try_at: number;
}
/** An item as it goes over the wire: its core, or what is left of one that was erased. */
export type Ready = { id: string; sha256: string } & ({ core: string } | { redacted: Trace });

export type Result = ResultOut;
export interface PushReply {
  epoch: string;
  server_time: string;
  results: Result[];
}

/** Items that may be sent now, oldest first. */
export function due<T extends Waiting>(items: readonly T[], now: number): T[] {
  return items.filter((item) => item.next_try_at <= now).sort((a, b) => a.order - b.order);
}

/** The first of `items` that fit one request; at least one. */
export function batch(items: readonly Ready[], limit: number): Ready[] {
  const chosen: Ready[] = [];
  let bytes = 0;
  for (const item of items.slice(0, Math.max(1, limit))) {
    bytes += new TextEncoder().encode(JSON.stringify(item)).length + 1;
    if (chosen.length && bytes > MAX_BYTES) break;
    chosen.push(item);
  }
  return chosen;
}

/** The reply, when it is one: whole, ours, and about exactly these items. Null means "no reply". */
export function readPushReply(body: unknown, sent: readonly { id: string }[]): PushReply | null {
  if (!isObject(body) || body["proto"] !== PROTO || body["n"] !== sent.length) return null;
  const { epoch, server_time, results } = body;
  if (typeof epoch !== "string" || !UUID.test(epoch) || !isMoment(server_time) || !Array.isArray(results)) return null;
  const ids = new Set(sent.map((item) => item.id));
  for (const result of results) {
    if (!isObject(result) || typeof result["code"] !== "string" || !ids.delete(String(result["id"]))) return null;
  }
  return ids.size ? null : { epoch, server_time, results: results as Result[] };
}

/** Where an item goes. `keep` stays in the outbox with these new values. */
export type Move =
  | { to: "retained"; code: string; v: number | null }
  | { to: "scrubbed"; code: string }
  | { to: "dead"; reason: string }
  | { to: "renamed" }
  | { to: "keep"; code: string; next_try_at: number; back: boolean };

/** What a result means for its item. Unknown codes of a newer server keep the item: nothing is lost by waiting. */
export function moveFor(
  result: Result,
  item: Waiting,
  now: number,
  random: (bytes: number) => Uint8Array,
): Move {
  const code = result.code === "duplicate" ? (result.was ?? "accepted") : result.code;
  switch (code) {
    case "accepted":
    case "accepted_out_of_scope":
    case "quarantined":
      return { to: "retained", code, v: result.v ?? null };
    case "accepted_redacted":
      return { to: "scrubbed", code };
    case "invalid":
      return { to: "dead", reason: result.reason ?? "unknown" };
    case "id_conflict":
      return { to: "renamed" };
    case "wrong_author":
      return { to: "keep", code, next_try_at: now + ANOTHER_LOGIN_MS, back: false };
    case "retry_later":
      return { to: "keep", code, next_try_at: now + (result.after_s ?? 60) * 1000, back: true };
    default:
      return { to: "keep", code, next_try_at: now + backoff(item.tries + 1, random), back: true };
  }
}

/** How many to send next, after `fails` failures of a whole batch in a row. */
export function nextLimit(limit: number, fails: number): number {
  return fails > 0 && fails % FAILS_BEFORE_HALVING === 0 ? Math.max(1, Math.floor(limit / 2)) : limit;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
export function isMoment(value: unknown): value is string {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}
