/** The core of the app: everything below the screens, assembled. The contract is in ../contract. */
import type { Boot, Core, DoorDetail } from "../contract";
import { browserPorts, type Ports } from "../ports";
import { request } from "../sync/http";
import { checkNote, checkVisit } from "./drafts";
import { clearPin, lock, rescueFile, setPin, signOut, unlock } from "./guard";
import { derived } from "./live";
import { currentProfile, openProfile } from "./profile";
import { identify, open, runner } from "./run";
import { addHousehold, addResidents, correct, retryUnsaved, saveVisits } from "./save";
import { loadAll, loadEvents, loadRows, publish, publishMeta, recall, remember } from "./show";
import { draftOf, findByCode } from "./find";
import { makeWorld, patch, patchStorage, type World } from "./world";
import * as outbox from "../storage/outbox";

/** Unsent visits that a phone may hold while the browser may throw its storage away. */
const UNSAFE_LIMIT = 20;
/** With a PIN: how long the phone may lie there open. */
const LOCK_AFTER_MS = 5 * 60_000;

export function createCore(ports: Ports = browserPorts(), build: string = __BUILD__): Core {
  const world = makeWorld(ports, build);
  const run = runner(world);
  const wake = (): void => {
    ports.page.wantBackgroundSync();
    void run.now();
  };
  let started: Promise<Boot> | null = null;

  return {
    status: world.status,
    doors: world.doors,
    outbox: world.outbox,
    services: world.services,
    start: async () => {
      if (started === null) return (started = start(world, run.now));
      await started;
      if (!world.session) await run.now(true);
      return boot(world);
    },
    door: (id) => derived(world.details, (details): DoorDetail | null => details.get(id) ?? null),
    findByCode: (code) => findByCode(world, code),
    checkNote,
    checkDraft: checkVisit,
    saveVisit: async (draft) => (await saveVisits(world, [draft], wake))[0]!,
    saveVisits: (drafts) => saveVisits(world, drafts, wake),
    undo: (id) => correct(world, id, null, wake),
    correct: (id, draft) => correct(world, id, draft, wake),
    draftOf: (id) => draftOf(world, id),
    addHousehold: (draft) => addHousehold(world, draft, wake),
    addResidents: (household, people) => addResidents(world, household, people, wake),
    syncNow: () => run.now(true),
    askPersistence: async () => {
      const kept = await ports.page.persist();
      await lookAtStorage(world);
      return kept;
    },
    setPin: (pin, old) => setPin(world, pin, old),
    clearPin: (old) => clearPin(world, old),
    lock: () => void lock(world),
    unlock: async (pin) => {
      const told = await unlock(world, pin);
      if (told.ok) void run.now();
      return told;
    },
    signOut: (force) => signOut(world, force),
    rescueFile: () => rescueFile(world),
    retryUnsaved: () => retryUnsaved(world, wake),
    applyUpdate: () => ports.page.takeOver(),
    remember: (name, value) => remember(world, name, value),
    recall: (name) => recall(world, name),
    async get<T>(path: string, etag?: string) {
      const reply = await request(ports, "GET", path, undefined, etag ? { "If-None-Match": etag } : {});
      return reply && { status: reply.status, etag: reply.etag, body: reply.body as T | null };
    },
    async post<T>(path: string) {
      const reply = await request(ports, "POST", path);
      return reply && { status: reply.status, body: reply.body as T | null };
    },
  };
}

async function start(world: World, now: (hurry?: boolean) => Promise<unknown>): Promise<Boot> {
  const { page } = world.ports;
  try {
    const profile = await currentProfile(world.list);
    const session = profile ? await openProfile(world.ports, profile, null) : null;
    if (session) await open(world, session);
    else await identify(world);
  } catch (error) {
    console.error(error);
    patch(world, { phase: "storage" });
  }
  listen(world);
  page.onIdle(LOCK_AFTER_MS, () => lock(world));
  page.onReason((why) => void now(why !== "worker"));
  page.watchUpdates(world.build, () =>
    world.status.update((status) => ({ ...status, app: { ...status.app, updateReady: true } })),
  );
  await lookAtStorage(world);
  void now(true);
  return boot(world);
}

function boot(world: World): Boot {
  const { phase, me } = world.status.get();
  return { phase, me };
}

/** Hear what other tabs of this browser did. */
function listen(world: World): void {
  const { page } = world.ports;
  const hear = async (what: string): Promise<void> => {
    const { session } = world;
    if (what === "profile") return reopen(world);
    if (!session) return;
    if (what === "rows") await loadRows(world);
    await loadEvents(world);
    const meta = await outbox.readMeta(session.outbox);
    if (meta) publishMeta(world, meta);
    publish(world);
  };
  const channel = page.channel("gocua", (what) => void hear(what).catch(console.error));
  world.say = (what) => channel.say(what);
}

/** Another tab locked, unlocked, wiped or changed the profile. */
async function reopen(world: World): Promise<void> {
  const profile = await currentProfile(world.list);
  const session = profile ? await openProfile(world.ports, profile, null) : null;
  if (!session) {
    world.session = null;
    patch(world, { phase: "unpaired", me: null });
    publish(world);
    return;
  }
  // The same key still opens everything: only the records are new.
  if (world.session?.profile === profile && world.session.key && session.wrapped.by === "pin") session.key = world.session.key;
  await open(world, session);
  if (session.key) await loadAll(world);
}

async function lookAtStorage(world: World): Promise<void> {
  const { page } = world.ports;
  const [persisted, estimate] = await Promise.all([page.persisted(), page.estimate()]);
  const installed = page.installed();
  patchStorage(world, {
    persisted,
    installed,
    usageBytes: estimate.usage,
    quotaBytes: estimate.quota,
    limit: persisted === true || installed ? null : UNSAFE_LIMIT,
  });
}
