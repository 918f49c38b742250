/**
 * Random histories of the same core that runs in the phone: visits, faults on the line, restarts, restored servers,
 * doors that come and go. A ledger outside remembers every event that was called saved. One seed makes one history.
 */
import { IDBFactory } from "fake-indexeddb";
import { describe, expect, it } from "vitest";
import type { Core } from "../contract";
import { createCore } from "../core";
import { Server, newId, portal, testPorts } from "../testing/world";

const STEPS = 30;
/** ms; ten histories in one test, on a machine that may be busy */
const SLOW = 240_000;

/** Mulberry32: small, fast, the same everywhere. */
function dice(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface History {
  server: Server;
  core: Core;
  ledger: Set<string>;
  /** notes of erased visits: nobody may hold their words any more */
  erased: Set<string>;
}

async function play(seed: number, { lies = false, mute = false } = {}): Promise<History> {
  const roll = dice(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(roll() * from.length)]!;
  const server = new Server();
  const disk = new IDBFactory();
  const ledger = new Set<string>();
  const erased = new Set<string>();
  const doors = Array.from({ length: 6 }, newId);
  for (const id of doors) server.touch(id, { address: id.slice(-4), people: [] });
  const open = async (): Promise<Core> => {
    const core = createCore(testPorts(server.fetch, disk, server.clock), "fuzz");
    await core.start();
    return core;
  };
  let core = await open();
  await core.syncNow();
  let backup: Map<string, { sha256: string; core: string; times: number }> | null = null;
  let n = 0;

  const faults: Record<string, () => void> = {
    fine: () => Object.assign(server, { fault: () => undefined, reply: () => "fine" }),
    offline: () => void (server.fault = () => null),
    portal: () => void (server.fault = () => portal),
    replyLost: () => Object.assign(server, { fault: () => undefined, reply: () => (roll() < 0.5 ? "lost" : "fine") }),
    cut: () =>
      void (server.fault = (path) =>
        path.endsWith("/push") ? { status: 200, body: `{"proto":1,"epoch":"${server.epoch}","n":1,"res` } : undefined),
    pageCut: () =>
      void (server.fault = (path) =>
        path.endsWith("/pull") ? { status: 200, body: `{"proto":1,"epoch":"${server.epoch}","rows":[{"ki` } : undefined),
    dead: () => void (server.fault = () => ({ status: 502, type: "text/html", body: "<h1>Bad gateway</h1>" })),
  };
  const steps: Record<string, () => Promise<void> | void> = {
    visit: async () => {
      const saved = await core.saveVisit({ household: pick(doors), outcome: "not_home", note: `lần ${++n}` });
      if (saved.ok) ledger.add(`lần ${n}`);
    },
    visitAgain: async () => steps["visit"]!(),
    undo: async () => {
      const item = core.outbox.get().items.find((one) => one.kind === "visit");
      if (item) await core.undo(item.id);
    },
    fault: () => faults[pick(Object.keys(faults))]!(),
    sync: async () => void (await core.syncNow()),
    restart: async () => void (core = await open()),
    edit: () => server.touch(pick(doors), { address: `sửa ${n}`, people: [] }),
    away: () => server.touch(pick(doors), {}, false),
    backup: () => void (backup = new Map(server.events)),
    restore: () => {
      if (!backup) return;
      server.events = new Map(backup);
      server.epoch = newId();
      for (const id of server.erased) empty(server, id); // the ledger of erasures is read again
    },
    erase: () => {
      const told = [...server.events].filter(([, event]) => noteOf(event.core));
      if (!told.length) return;
      const [id, event] = pick(told);
      ledger.delete(noteOf(event.core)!);
      erased.add(noteOf(event.core)!);
      if (!mute) server.erased.push(id);
      empty(server, id);
    },
    rights: () => void (server.gen += 1),
    later: () => void (server.clock.now += Math.floor(roll() * 3_600_000)),
    clockBack: () => void (server.clock.now -= Math.floor(roll() * 600_000)),
  };
  server.clock = { now: server.clock.now };
  // What belongs to an erased household is stored without its words, whatever the phone still says.
  server.result = (item) => {
    if (!server.erased.includes(item.id)) return null;
    server.events.set(item.id, { sha256: "", core: "{}", times: 1 });
    return { code: "accepted_redacted" };
  };
  core = await open();
  for (let step = 0; step < STEPS; step++) await steps[pick(Object.keys(steps))]!();

  faults["fine"]!();
  if (lies) server.fault = lie(server);
  for (let round = 0; round < 4; round++) await core.syncNow();
  return { server, core, ledger, erased };
}

const noteOf = (core: string): string | undefined => (JSON.parse(core) as { payload?: { note?: string } }).payload?.note;

function empty(server: Server, id: string): void {
  const event = server.events.get(id);
  if (event) server.events.set(id, { ...event, core: "{}" });
}

/** A server that says "accepted" and keeps nothing: the ledger must notice. */
function lie(server: Server): Server["fault"] {
  return (path, body) => {
    if (!path.endsWith("/push")) return undefined;
    const items = body!["items"] as { id: string }[];
    const results = items.map(({ id }) => ({ id, code: "accepted", v: 1 }));
    const time = new Date(server.clock.now).toISOString();
    return { status: 200, body: JSON.stringify({ proto: 1, epoch: server.epoch, server_time: time, n: items.length, results }) };
  };
}

/** How often each note of the ledger stands on the server; 1 is right. */
function counts({ server, ledger }: History): number[] {
  const notes = [...server.events.values()].map((event) => noteOf(event.core));
  return [...ledger].map((note) => notes.filter((one) => one === note).length);
}

/** The server loses everything, erasures included; what phones give back of the words that were erased. */
async function wordsAfterLoss({ core, server, erased }: History): Promise<string[]> {
  server.events = new Map();
  server.epoch = newId();
  server.result = () => null;
  for (let round = 0; round < 3; round++) await core.syncNow();
  const notes = [...server.events.values()].map((event) => noteOf(event.core));
  return notes.filter((note): note is string => note !== undefined && erased.has(note));
}

describe("random histories", () => {
  it.each(Array.from({ length: 25 }, (_, seed) => seed + 1))("seed %i: each saved event once, both sides equal", async (seed) => {
    const history = await play(seed);
    expect(counts(history).every((n) => n === 1)).toBe(true);
    const { core, server } = history;
    expect(core.outbox.get()).toMatchObject({ waiting: 0, attention: 0 });
    expect(core.status.get()).toMatchObject({ phase: "open", ready: true, diverged: false });
    const visible = [...server.rows].filter(([, row]) => row.visible).map(([id]) => id);
    expect(core.doors.get().map((door) => door.id).sort()).toEqual(visible.sort());
  });

  it.each(Array.from({ length: 15 }, (_, seed) => seed + 101))(
    "seed %i: a server that lost everything gets all of it back, and no erased word",
    async (seed) => {
      const history = await play(seed);
      const before = [...history.server.events.keys()].sort();
      expect(await wordsAfterLoss(history)).toEqual([]);
      expect([...history.server.events.keys()].sort()).toEqual(before);
      expect(counts(history).every((n) => n === 1)).toBe(true);
    },
  );

  it("erased words are noticed on a phone that was not told (control)", async () => {
    const found = [];
    for (let seed = 101; seed <= 110; seed++) found.push(...(await wordsAfterLoss(await play(seed, { mute: true }))));
    expect(found.length).toBeGreaterThan(0);
  }, SLOW);

  it("the ledger notices a server that keeps nothing (control)", async () => {
    const told = [];
    for (let seed = 1; seed <= 10; seed++) told.push(...counts(await play(seed, { lies: true })));
    expect(told).toContain(0);
  }, SLOW);
});
