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
}

async function play(seed: number, lies = false): Promise<History> {
  const roll = dice(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(roll() * from.length)]!;
  const server = new Server();
  const disk = new IDBFactory();
  const ledger = new Set<string>();
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
    },
    rights: () => void (server.gen += 1),
    later: () => void (server.clock.now += Math.floor(roll() * 3_600_000)),
    clockBack: () => void (server.clock.now -= Math.floor(roll() * 600_000)),
  };
  server.clock = { now: server.clock.now };
  core = await open();
  for (let step = 0; step < STEPS; step++) await steps[pick(Object.keys(steps))]!();

  faults["fine"]!();
  if (lies) server.fault = lie(server);
  for (let round = 0; round < 4; round++) await core.syncNow();
  return { server, core, ledger };
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
  const texts = [...server.events.values()].map((event) => JSON.parse(event.core) as { payload: { note?: string } });
  return [...ledger].map((note) => texts.filter((core) => core.payload.note === note).length);
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

  it("the ledger notices a server that keeps nothing (control)", async () => {
    const told = [];
    for (let seed = 1; seed <= 10; seed++) told.push(...counts(await play(seed, true)));
    expect(told).toContain(0);
  });
});
