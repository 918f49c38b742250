/** The shapes of what lies on the phone. The outbox's schema is append-only: a version may add, never drop or rewrite. */
import type { DBSchema } from "idb";
import type { Encrypted } from "../crypto/box";
import type { Trace } from "../protocol/core";
import type { Stream } from "../protocol/pull";
import type { Migration } from "./open";

export interface Leaving {
  waiting: number;
  team: string;
  /** the team's public number, "" when it has none */
  phone: string;
}

export interface Meta {
  key: "state";
  account: string;
  device: string;
  epoch: string;
  lease_days: number;
  /** server time at the last contact, ms; retention and lease count in it */
  server_time: number;
  /** server minus phone at the last contact, ms, and when that was on the phone's clock; null: never */
  offset: number | null;
  offset_at: number | null;
  highest_clock: number;
  /** the next local order number */
  order: number;
  /** server time of the last re-offer that a mismatch caused, ms */
  reoffered_at: number | null;
  /** too many wrong PINs, or signed out while something waited: nothing is pulled for this pairing any more */
  spent_device: string | null;
  /** the server ended the right of this pairing */
  ended: boolean;
  /** what was unsent at that moment, and the team to ask: it stays when the list and the key go */
  leaving?: Leaving | null;
  /** after that: everything was handed over and nothing is left here; told to the server when `wiped_told` */
  wiped?: boolean;
  wiped_told?: boolean;
}

/** An event that the server has not acknowledged. */
export interface OutboxRow {
  id: string;
  sha256: string;
  /** null: erased since it was sent, only `trace` is left to offer again */
  core_enc: Encrypted | null;
  trace?: Trace | null;
  /** the form that only the server can read; null until the server publishes a key */
  sealed: Uint8Array<ArrayBuffer> | null;
  order: number;
  /** phone's clock, ms */
  created: number;
  tries: number;
  last_code: string | null;
  next_try_at: number;
  reoffer: boolean;
}
export interface RetainedRow {
  id: string;
  sha256: string;
  /** null once scrubbed; `trace` is then what is left */
  core_enc: Encrypted | null;
  trace?: Trace | null;
  sealed: Uint8Array<ArrayBuffer> | null;
  order: number;
  created: number;
  code: string;
  /** version of the household that includes this event */
  v: number | null;
  /** server time, ms */
  acked_at: number;
}
export interface DeadRow extends OutboxRow {
  reason: string;
}

export interface OutboxSchema extends DBSchema {
  meta: { key: string; value: Meta | { key: "secret"; secret: CryptoKey } };
  outbox: { key: string; value: OutboxRow };
  retained: { key: string; value: RetainedRow };
  dead: { key: string; value: DeadRow };
}

/** One row of one set of a stream; `local` holds the packs kept for offline. */
export interface CacheRow {
  stream: string;
  set: number;
  kind: string;
  id: string;
  v: number;
  enc: Encrypted;
  leaving: boolean;
}
/** How the profile key is wrapped: by the phone's own key, or by a PIN. */
export type WrappedKey =
  | { name: "profile"; by: "device"; wrapped: Encrypted }
  | {
      name: "profile";
      by: "pin";
      wrapped: Encrypted;
      /** a key for the time after the lease: the PIN stays the same, what the old key could read does not */
      spare: Encrypted;
      /** the lease ended: `wrapped` is the spare now */
      spareUsed?: boolean;
      salt: Uint8Array<ArrayBuffer>;
      iterations: number;
      tries: number;
    };

export interface CacheSchema extends DBSchema {
  streams: { key: string; value: Stream };
  rows: { key: [string, number, string, string]; value: CacheRow };
  keys: { key: string; value: WrappedKey | { name: "device"; key: CryptoKey } };
}

export interface Profile {
  id: string;
  account: string;
}
export interface ProfilesSchema extends DBSchema {
  profiles: { key: string; value: Profile };
  current: { key: string; value: { name: "current"; id: string } };
}

export const outboxName = (profile: string): string => `gocua-outbox-${profile}`;
export const cacheName = (profile: string): string => `gocua-cache-${profile}`;
export const PROFILES = "gocua-profiles";

export const OUTBOX: readonly Migration[] = [
  (db) => {
    db.createObjectStore("meta", { keyPath: "key" });
    db.createObjectStore("outbox", { keyPath: "id" });
    db.createObjectStore("retained", { keyPath: "id" });
    db.createObjectStore("dead", { keyPath: "id" });
  },
];
export const CACHE: readonly Migration[] = [
  (db) => {
    db.createObjectStore("streams", { keyPath: "stream" });
    db.createObjectStore("rows", { keyPath: ["stream", "set", "kind", "id"] });
    db.createObjectStore("keys", { keyPath: "name" });
  },
];
export const PROFILE_LIST: readonly Migration[] = [
  (db) => {
    db.createObjectStore("profiles", { keyPath: "id" });
    db.createObjectStore("current", { keyPath: "name" });
  },
];
