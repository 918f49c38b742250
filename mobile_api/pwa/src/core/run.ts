/** When to sync, and what its end means for the phone. */
import type { Phase, SyncProblem, SyncState } from "../contract";
import { leaseOver } from "../protocol/lease";
import type { MeOut, ReferenceOut, TelemetryIn } from "../protocol/wire";
import { StorageTrouble } from "../storage/open";
import * as outbox from "../storage/outbox";
import { Locked, cycle, type Problem, type SyncDeps } from "../sync/cycle";
import { errorCode, request } from "../sync/http";
import { pendingHouseholds } from "./events";
import { checkLease, endRight } from "./guard";
import { handOver } from "./leaving";
import { writePack } from "./pack";
import { chooseProfile, openProfile, type Session } from "./profile";
import { catchUp, leaseOf, loadAll, loadEvents, loadRows, publish, publishMeta, recall, remember } from "./show";
import { patch, patchStorage, type World } from "./world";

const EVERY_MS = 2 * 60_000;
const SOONEST_MS = 1_000;
// What waits because of the network may go at once when there is one again; what the server put off keeps its time.
const NETWORK_CODES: ReadonlySet<string> = new Set(
  ["no_reply", "http_400", "http_404", "http_422", "http_500", "http_502", "http_504", "wrong_author"],
);
const STATES: Record<string, SyncState> = { network: "offline", server: "waiting", busy: "waiting", diverged: "idle" };

export interface Runner {
  /** Sync now; a run that is under way is followed by one more. Resolves when there is nothing left to do. */
  now(hurry?: boolean): Promise<SyncProblem>;
  stop(): void;
}

export function runner(world: World): Runner {
  let running: Promise<SyncProblem> | null = null;
  let again = false;
  let hurried = false;
  let stopTimer = (): void => undefined;

  async function loop(): Promise<SyncProblem> {
    let problem: SyncProblem = null;
    do {
      const hurry = hurried;
      again = hurried = false;
      const { session } = world;
      problem = await once(world, hurry).catch((error: unknown) => noStorage(world, error));
      // Another person's profile was opened: theirs is to be loaded now.
      if (world.session && world.session !== session) again = true;
    } while (again);
    schedule();
    return problem;
  }

  function schedule(): void {
    stopTimer();
    const { ports } = world;
    const next = world.events.length ? nextTry(world) : null;
    const wait = next === null ? EVERY_MS : Math.min(EVERY_MS, Math.max(SOONEST_MS, next - ports.now()));
    stopTimer = ports.after(wait, () => {
      if (world.ports.page.visible()) void now();
      else schedule();
    });
  }

  function now(hurry = false): Promise<SyncProblem> {
    hurried ||= hurry;
    if (running) {
      again = true;
      return running;
    }
    running = loop().finally(() => (running = null));
    return running;
  }

  return { now, stop: () => stopTimer() };
}

const waitingUntil = new WeakMap<World, number | null>();
function nextTry(world: World): number | null {
  return waitingUntil.get(world) ?? null;
}

async function once(world: World, hurry: boolean): Promise<SyncProblem> {
  const { session, ports } = world;
  if (!session) return (await identify(world)) ? once(world, hurry) : world.status.get().problem;
  const ran = await ports.lock(`gocua-sync-${session.profile}`, () => underLock(world, session, hurry));
  // Another tab is at it: it tells us when something changed.
  return ran === undefined ? null : ran;
}

function noStorage(world: World, error: unknown): SyncProblem {
  if (!(error instanceof StorageTrouble)) console.error(error);
  patchStorage(world, { trouble: error instanceof StorageTrouble ? error.what : "failed" });
  return "storage";
}

async function underLock(world: World, session: Session, hurry: boolean): Promise<SyncProblem> {
  patch(world, { sync: "running" });
  let problem: SyncProblem = null;
  try {
    problem = await ask(world, session, hurry);
  } catch (error) {
    problem = error instanceof Locked ? null : noStorage(world, error);
  }
  if (world.session === session) await settle(world, session, problem);
  return problem;
}

async function ask(world: World, session: Session, hurry: boolean): Promise<SyncProblem> {
  if (hurry) await outbox.hurry(session.outbox, NETWORK_CODES);
  const told = await whoAmI(world);
  if (told === "revoked") return shutOut(world, session);
  if (typeof told === "string") return told;
  if (told.account_id !== session.meta.account) {
    // Somebody else was paired with this browser: theirs is another profile. Nothing moves between the two.
    await enter(world, told);
    return "busy";
  }
  await welcome(world, session, told);
  const problem = await cycle(deps(world, session), world.pace);
  if (problem === "revoked") return shutOut(world, session);
  if (session.key && mayPull(session)) await fetchReference(world);
  return problem;
}

/** The right of this phone is over: the list goes at once, what waits is handed over for a leader's word. */
async function shutOut(world: World, session: Session): Promise<Problem> {
  await endRight(world);
  await handOver(world, session, deps(world, session));
  return "revoked";
}

type Told = MeOut;

/** Who is paired with this browser, by the server's word; or why it cannot be told. */
async function whoAmI(world: World): Promise<Told | Problem> {
  const reply = await request(world.ports, "GET", "/api/v1/me");
  if (!reply) return "network";
  if (reply.status === 401) return "sign_in";
  if (reply.status === 403) return errorCode(reply) === "revoked" ? "revoked" : "server";
  if (reply.status !== 200) return reply.status === 429 || reply.status === 503 ? "busy" : "server";
  const told = reply.body as Told | null;
  return told?.account_id && told.device_id && told.epoch ? told : "network";
}

/** The same person as before, perhaps with a new pairing. */
async function welcome(world: World, session: Session, told: Told): Promise<void> {
  const { meta } = session;
  if (told.device_id !== meta.device || told.lease_days !== meta.lease_days) {
    const fresh = told.device_id !== meta.device ? { spent_device: null, ended: false, leaving: null, wiped: false, wiped_told: false } : {};
    const next = { device: told.device_id, lease_days: told.lease_days, ...fresh };
    publishMeta(world, await outbox.updateMeta(session.outbox, () => next));
  }
  await contact(world, session, told.server_time, world.ports.now());
  if (session.key && mayPull(session)) {
    patch(world, { phase: "open", me: told });
    await remember(world, "me", told);
  }
}

/** No profile here yet: begin one when the server knows this browser. True when one is open now. */
export async function identify(world: World): Promise<boolean> {
  const told = await whoAmI(world);
  if (typeof told !== "string") {
    await enter(world, told);
    return world.session !== null;
  }
  const phases: Partial<Record<Problem, Phase>> = { sign_in: "unpaired", revoked: "ended" };
  patch(world, { phase: phases[told] ?? "offline_unpaired", problem: told, sync: STATES[told] ?? "blocked" });
  return false;
}

async function enter(world: World, told: Told): Promise<void> {
  const profile = await chooseProfile(world.ports, world.list, told.account_id);
  const session = await openProfile(world.ports, profile, told);
  if (!session) return;
  world.session?.outbox.close();
  world.session?.cache.close();
  world.rows = new Map();
  world.opened.clear();
  await open(world, session);
  world.say("profile");
}

/** Show an opened profile. */
export async function open(world: World, session: Session): Promise<void> {
  world.session = session;
  publishMeta(world, session.meta);
  const { spent_device, device, ended } = session.meta;
  const over = leaseOver(leaseOf(session.meta), world.ports.now());
  const readable: Phase = session.key ? (over ? "lease_over" : "open") : "locked";
  patch(world, { phase: ended ? "ended" : spent_device === device ? "unpaired" : readable });
  await checkLease(world);
  if (session.key) await loadAll(world);
  else {
    await loadEvents(world);
    publish(world);
  }
}

function mayPull(session: Session): boolean {
  const { spent_device, device, ended } = session.meta;
  return !ended && spent_device !== device;
}

/** A good reply: lease, offset, the highest clock. The request left at `asked` by the phone's clock. */
async function contact(world: World, session: Session, serverTime: string, asked: number): Promise<void> {
  const now = world.ports.now();
  const server = Date.parse(serverTime);
  const meta = await outbox.updateMeta(session.outbox, () => ({
    server_time: server,
    offset: Math.round(server - (asked + now) / 2),
    offset_at: now,
    highest_clock: now,
  }));
  if (world.session === session) publishMeta(world, meta);
}

function deps(world: World, session: Session): SyncDeps {
  return {
    ports: world.ports,
    account: session.meta.account,
    outbox: session.outbox,
    cache: session.cache,
    secret: session.secret,
    key: () => {
      if (!session.key) throw new Locked();
      return session.key;
    },
    mayPull: () => session.key !== null && mayPull(session),
    pending: async () => {
      await loadEvents(world);
      return pendingHouseholds(world.events);
    },
    leaving: () => [...world.rows.values()].some((row) => row.leaving),
    telemetry: () => telemetry(world),
    contact: (serverTime, asked) => contact(world, session, serverTime, asked),
    outdated: (told) => {
      if (world.status.get().outdated !== told) patch(world, { outdated: told });
    },
    changed: async () => {
      await loadEvents(world);
      publish(world);
      world.say("outbox");
    },
    rowsChanged: async () => {
      await loadRows(world);
      publish(world);
      world.say("rows");
    },
    sending: (ids) => {
      world.sending = new Set(ids);
      publish(world);
    },
  };
}

async function telemetry(world: World): Promise<TelemetryIn> {
  const { outbox: view, status, ports } = world;
  const { waiting, attention, oldestWaitingS } = view.get();
  const { persisted, installed } = status.get().storage;
  return {
    build: world.build,
    persisted,
    installed,
    waiting,
    dead: attention,
    oldest_waiting_s: oldestWaitingS,
    device_now: new Date(ports.now()).toISOString(),
  };
}

async function fetchReference(world: World): Promise<void> {
  const etag = await recall<string>(world, "services_etag");
  const known = world.services.get().length > 0 && etag;
  const reply = await request(world.ports, "GET", "/api/v1/reference", undefined, known ? { "If-None-Match": etag } : {});
  const services = (reply?.body as Partial<ReferenceOut> | null)?.services;
  if (reply?.status !== 200 || !services) return;
  await remember(world, "services", services);
  await remember(world, "services_etag", reply.etag);
  world.services.set(services);
  publish(world);
}

/** After a cycle: say how it went, notice a lease that ended, plan the next try. */
async function settle(world: World, session: Session, problem: SyncProblem): Promise<void> {
  const all = await outbox.readAll(session.outbox).catch(() => null);
  const times = (all?.outbox ?? []).map((row) => row.next_try_at);
  waitingUntil.set(world, times.length ? Math.min(...times) : null);
  if (problem !== "storage" && world.unsaved.length === 0) patchStorage(world, { trouble: null });
  patch(world, { problem, sync: problem === null ? "idle" : (STATES[problem] ?? "blocked") });
  await loadEvents(world).catch(() => undefined);
  await checkLease(world);
  await catchUp(world).catch(() => undefined);
  publish(world);
  await writePack(world).catch(() => undefined); // only a quicker start is lost
}
