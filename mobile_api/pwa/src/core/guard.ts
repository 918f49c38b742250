/** Who may read: PIN, lock, lease, the end of a right, signing out. None of it ever makes the outbox smaller. */
import type { Me, RescueFile, Unlocked } from "../contract";
import { PIN, PIN_TRIES, profileKey, unwrap, wrapByDevice, wrapByPin } from "../crypto/keys";
import { leaseOver } from "../protocol/lease";
import type { Ready } from "../protocol/push";
import * as cache from "../storage/cache";
import { forget } from "../storage/open";
import * as outbox from "../storage/outbox";
import { cacheName, outboxName, type Meta, type WrappedKey } from "../storage/schema";
import { request } from "../sync/http";
import { open as readied } from "../sync/push";
import { noProfile } from "./profile";
import { leaseOf, loadAll, loadRows, publish, publishMeta, recall } from "./show";
import { patch, type World } from "./world";

/** How often the highest clock seen is written down. */
const CLOCK_STEP_MS = 60_000;

/** Set or change the PIN. False when `old` is wrong or the new one is no PIN. */
export async function setPin(world: World, pin: string, old?: string): Promise<boolean> {
  const { ports, session } = world;
  if (!session || !PIN.test(pin)) return false;
  const bytes = await unwrap(ports, session.device, session.wrapped, old ?? null);
  if (!bytes) return false;
  await useWrapped(world, await wrapByPin(ports, session.device, pin, bytes));
  return true;
}

export async function clearPin(world: World, old: string): Promise<boolean> {
  const { ports, session } = world;
  if (!session) return false;
  const bytes = await unwrap(ports, session.device, session.wrapped, old);
  if (!bytes) return false;
  await useWrapped(world, await wrapByDevice(ports, session.device, bytes));
  return true;
}

async function useWrapped(world: World, wrapped: WrappedKey): Promise<void> {
  const { session } = world;
  await cache.writeProfileKey(session!.cache, wrapped);
  session!.wrapped = wrapped;
  publishMeta(world, session!.meta);
}

/** Forget the key and everything opened. Without a PIN there is nothing to lock with: false. */
export function lock(world: World): boolean {
  const { session } = world;
  if (session?.wrapped.by !== "pin") return false;
  session.key = null;
  world.rows = new Map();
  world.opened.clear();
  world.services.set([]);
  patch(world, { phase: "locked", me: null });
  publish(world);
  return true;
}

/** Each wrong PIN counts, also over restarts; after ten the key is gone, and the list with it. */
export async function unlock(world: World, pin: string): Promise<Unlocked> {
  const { ports, session } = world;
  if (!session) return { ok: false, triesLeft: 0 };
  const stored = (await cache.readKeys(session.cache)).profile ?? session.wrapped;
  session.wrapped = stored;
  // Counted before it is tried: pulling the plug while the phone thinks buys no attempt.
  if (stored.by === "pin") await useWrapped(world, { ...stored, tries: stored.tries + 1 });
  const bytes = await unwrap(ports, session.device, stored, pin);
  if (!bytes) {
    const left = stored.by === "pin" ? PIN_TRIES - stored.tries - 1 : 0;
    if (left > 0) return { ok: false, triesLeft: left };
    await spend(world);
    return { ok: false, wiped: true };
  }
  session.key = await profileKey(ports, bytes);
  if (stored.by === "pin") {
    // Once used, the spare key is the key; the next lease needs another one.
    const next = stored.spareUsed ? await wrapByPin(ports, session.device, pin, bytes) : { ...stored, tries: 0 };
    await useWrapped(world, next);
  }
  const over = leaseOver(leaseOf(session.meta), ports.now());
  patch(world, { phase: over ? "lease_over" : "open" });
  await loadAll(world);
  return { ok: true };
}

/** The list goes, this pairing may not fetch it again; what waits is still sent. */
export async function spend(world: World): Promise<void> {
  const { session } = world;
  await wipeCache(world);
  const meta = await outbox.updateMeta(session!.outbox, (now) => ({ spent_device: now.device }));
  patch(world, { phase: "unpaired", me: null });
  await afterWipe(world, meta);
}

/** The server ended this phone's right: cache and key go, the outbox stays (sync.md, section 16). */
export async function endRight(world: World): Promise<void> {
  const { session } = world;
  if (!session || session.meta.ended) return;
  // Read before the wipe: afterwards nobody here knows any more whom to call.
  const me = world.status.get().me ?? (await recall<Me>(world, "me").catch(() => null));
  const team = me?.teams.find((each) => each.contact_phone) ?? me?.teams[0];
  const all = await outbox.readAll(session.outbox).catch(() => null);
  const waiting = (all?.outbox.length ?? 0) + (all?.dead.length ?? 0) + world.unsaved.length;
  const leaving = { waiting, team: team?.name ?? "", phone: team?.contact_phone ?? "" };
  await wipeCache(world);
  const meta = await outbox.updateMeta(session.outbox, () => ({ ended: true, leaving }));
  patch(world, { phase: "ended", me: null, ready: false });
  await afterWipe(world, meta);
}

/** Too long without the server: what was pulled becomes unreadable. True when the lease is over. */
export async function checkLease(world: World): Promise<boolean> {
  const { ports, session } = world;
  if (!session) return false;
  if (ports.now() > session.meta.highest_clock + CLOCK_STEP_MS) {
    session.meta = await outbox.updateMeta(session.outbox, (now) => ({
      highest_clock: Math.max(now.highest_clock, ports.now()),
    }));
  }
  const { meta } = session;
  if (!leaseOver(leaseOf(meta), ports.now())) return false;
  if (session.key) patch(world, { phase: "lease_over", ready: false });
  if (!(await cache.readStreams(session.cache)).length) return true;
  await wipeCache(world, true);
  world.services.set([]);
  await afterWipe(world, meta);
  return true;
}

async function afterWipe(world: World, meta: Meta): Promise<void> {
  await loadRows(world);
  publishMeta(world, meta);
  publish(world);
  world.say("profile");
}

/** Destroy the profile key and everything under it. A PIN stays in force where `keepPin` says so. */
async function wipeCache(world: World, keepPin = false): Promise<void> {
  const { ports, session } = world;
  const old = session!.wrapped;
  const pin = keepPin && old.by === "pin";
  const bytes = ports.random(32);
  const next: WrappedKey = pin
    ? { ...old, wrapped: old.spare, spareUsed: true, tries: 0 }
    : await wrapByDevice(ports, session!.device, bytes);
  await cache.wipe(session!.cache, next);
  session!.wrapped = next;
  session!.key = pin ? null : await profileKey(ports, bytes);
  world.rows = new Map();
  if (pin) patch(world, { phase: "locked", me: null });
}

/** A true sign-out needs an empty outbox, or a rescue file; otherwise the phone is only locked. */
export async function signOut(world: World, force = false): Promise<"signed_out" | "locked" | "offline"> {
  const { ports, session } = world;
  if (!session) return "signed_out";
  const all = await outbox.readAll(session.outbox);
  const left = all.outbox.length + all.dead.length + world.unsaved.length;
  if (left && !(force && world.rescued)) {
    if (!lock(world)) await spend(world);
    return "locked";
  }
  const reply = await request(ports, "POST", "/api/v1/device/sign-out");
  if (reply?.status !== 204 && reply?.status !== 401 && reply?.status !== 403) return "offline";
  await wipeCache(world);
  await noProfile(world.list);
  session.outbox.close();
  session.cache.close();
  await forget(ports, cacheName(session.profile));
  // With something left in it the outbox stays, rescue file or not: a file can get lost.
  if (!left) await forget(ports, outboxName(session.profile));
  world.session = null;
  world.events = [];
  world.opened.clear();
  publish(world);
  patch(world, { phase: "unpaired", me: null, ready: false, lease: null });
  world.say("profile");
  return "signed_out";
}

/** Everything that did not reach the server, for the leader's desk. Readable until the server has a key for it. */
export async function rescueFile(world: World): Promise<RescueFile> {
  const { ports, session, build } = world;
  const all = session ? await outbox.readAll(session.outbox) : { outbox: [], dead: [] };
  const rows = [...all.outbox, ...all.dead];
  const items: Ready[] = session ? await readied({ ports, secret: session.secret }, rows) : [];
  for (const { id, sha256, core } of world.unsaved) items.push({ id, sha256, core });
  const made_at = new Date(ports.now()).toISOString();
  const device = session?.meta.device ?? null;
  const file = { format: "gocua-rescue", version: 1, made_at, app_build: build, device, items };
  world.rescued = true;
  return {
    name: `go-cua-${made_at.slice(0, 10)}-${items.length}.json`,
    blob: new Blob([JSON.stringify(file)], { type: "application/json" }),
    items: items.length,
    sealed: false,
  };
}
