/** Profiles: one person on one phone, with databases and keys of their own, named by chance. */
import { newOwnKey, profileKey, unwrap, wrapByDevice } from "../crypto/keys";
import type { Ports } from "../ports";
import { uuid7 } from "../protocol/ids";
import * as cache from "../storage/cache";
import { store, type Store } from "../storage/open";
import * as outbox from "../storage/outbox";
import {
  CACHE,
  OUTBOX,
  PROFILES,
  PROFILE_LIST,
  cacheName,
  outboxName,
  type CacheSchema,
  type Meta,
  type OutboxSchema,
  type ProfilesSchema,
  type WrappedKey,
} from "../storage/schema";

/** An opened profile. `key` is null while locked. */
export interface Session {
  profile: string;
  meta: Meta;
  outbox: outbox.Outbox;
  cache: cache.Cache;
  secret: CryptoKey;
  device: CryptoKey;
  wrapped: WrappedKey;
  key: CryptoKey | null;
}

/** What the server says of a pairing; enough to begin a profile. */
export interface Paired {
  account_id: string;
  device_id: string;
  epoch: string;
  lease_days: number;
  server_time: string;
}

export function profileList(ports: Ports): Store<ProfilesSchema> {
  return store<ProfilesSchema>(ports, PROFILES, PROFILE_LIST);
}

/** The profile used last, or null. */
export async function currentProfile(list: Store<ProfilesSchema>): Promise<string | null> {
  return list.use(async (db) => (await db.get("current", "current"))?.id ?? null);
}

/** The profile of this account, made when there is none; it becomes the current one. */
export async function chooseProfile(ports: Ports, list: Store<ProfilesSchema>, account: string): Promise<string> {
  const made = uuid7(ports.now(), ports.random);
  return list.use(async (db) => {
    const tx = db.transaction(["profiles", "current"], "readwrite", { durability: "strict" });
    const known = (await tx.objectStore("profiles").getAll()).find((profile) => profile.account === account);
    const id = known?.id ?? made;
    if (!known) await tx.objectStore("profiles").put({ id, account });
    await tx.objectStore("current").put({ name: "current", id });
    await tx.done;
    return id;
  });
}

export async function noProfile(list: Store<ProfilesSchema>): Promise<void> {
  await list.use((db) => db.delete("current", "current"));
}

/** Open a profile; `paired` begins it when it is new. Null when it is new and nothing is known of it. */
export async function openProfile(ports: Ports, profile: string, paired: Paired | null): Promise<Session | null> {
  const box = store<OutboxSchema>(ports, outboxName(profile), OUTBOX);
  const shelf = store<CacheSchema>(ports, cacheName(profile), CACHE);
  let meta = await outbox.readMeta(box);
  if (!meta) {
    if (!paired) return null;
    await outbox.begin(box, firstMeta(ports, paired), await newOwnKey(ports));
    meta = (await outbox.readMeta(box))!;
  }
  const secret = (await outbox.readSecret(box))!;
  const keys = await keysOf(ports, shelf);
  const bytes = await unwrap(ports, keys.device, keys.wrapped, null);
  const key = bytes && (await profileKey(ports, bytes));
  return { profile, meta, outbox: box, cache: shelf, secret, ...keys, key };
}

/** The cache's keys, made when the cache is new or was evicted. */
async function keysOf(ports: Ports, shelf: cache.Cache): Promise<{ device: CryptoKey; wrapped: WrappedKey }> {
  const found = await cache.readKeys(shelf);
  if (found.device && found.profile) return { device: found.device, wrapped: found.profile };
  const device = await newOwnKey(ports);
  const wrapped = await wrapByDevice(ports, device, ports.random(32));
  await cache.beginKeys(shelf, wrapped, device);
  const now = await cache.readKeys(shelf);
  return { device: now.device!, wrapped: now.profile! };
}

function firstMeta(ports: Ports, paired: Paired): Meta {
  const server = Date.parse(paired.server_time);
  return {
    key: "state",
    account: paired.account_id,
    device: paired.device_id,
    epoch: paired.epoch,
    lease_days: paired.lease_days,
    server_time: server,
    offset: server - ports.now(),
    offset_at: ports.now(),
    highest_clock: ports.now(),
    order: 1,
    reoffered_at: null,
    spent_device: null,
    ended: false,
  };
}
