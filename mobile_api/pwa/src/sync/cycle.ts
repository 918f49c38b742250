/** The cycle of sync.md section 19: push, pull, and once more when the server's history turned out to be another. */
import type { Ports } from "../ports";
import type { TelemetryIn } from "../protocol/wire";
import * as outbox from "../storage/outbox";
import * as cache from "../storage/cache";
import type { Cache } from "../storage/cache";
import type { Outbox } from "../storage/outbox";
import { pullAll } from "./pull";
import { pushAll, type Pace } from "./push";

export type Problem = "network" | "server" | "busy" | "sign_in" | "revoked" | "upgrade" | "diverged";

/** What a cycle works with; the core gives it, tests give their own. */
export interface SyncDeps {
  ports: Ports;
  account: string;
  outbox: Outbox;
  cache: Cache;
  /** the outbox key */
  secret: CryptoKey;
  /** the profile key; only asked for while `mayPull` */
  key(): CryptoKey;
  /** false while locked, after too many wrong PINs or an ended right: then the cycle only pushes */
  mayPull(): boolean;
  /** households that have something in the outbox */
  pending(): Promise<ReadonlySet<string>>;
  /** whether any row only stays because something waits at it */
  leaving(): boolean;
  telemetry(): Promise<TelemetryIn>;
  /** a good reply came: server time, and the phone's clock when the request left */
  contact(serverTime: string, asked: number): Promise<void>;
  /** whether the server says that this app is about to be too old */
  outdated(told: boolean): void;
  /** the outbox changed */
  changed(): Promise<void>;
  /** rows changed; `n` of them came with one page */
  rowsChanged(n?: number): Promise<void>;
  sending(ids: readonly string[]): void;
}

/** The phone was locked in the middle of a cycle: it ends where it is. */
export class Locked extends Error {}

// An epoch can change once more while we heal; a third time in one cycle it waits for the next one.
const ROUNDS = 3;

/** One cycle. Null: everything due was sent, everything was received, and both sides hold the same. */
export async function cycle(deps: SyncDeps, pace: Pace): Promise<Problem | null> {
  let first: Problem | null = null;
  for (let round = 0; round < ROUNDS; round++) {
    const pushed = await pushAll(deps, pace);
    if (pushed === "sign_in" || pushed === "revoked") return pushed;
    first ??= pushed === "other_history" ? null : pushed;
    if (pushed === "network") return pushed;
    if (!deps.mayPull()) return first;
    const pulled = await pullAll(deps);
    if (pulled.problem) return pulled.problem;
    if (deps.leaving() && (await cache.sweepLeaving(deps.cache, await deps.pending()))) await deps.rowsChanged();
    if (pulled.reoffered || pushed === "other_history") continue;
    if (!pulled.equal) return first ?? "diverged";
    const meta = await outbox.readMeta(deps.outbox);
    if (meta) await outbox.purge(deps.outbox, meta.server_time);
    return first;
  }
  return first;
}
