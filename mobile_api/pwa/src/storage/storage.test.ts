/** The outbox's schema over versions, and storage that fails at every step. */
import { IDBFactory } from "fake-indexeddb";
import { describe, expect, it } from "vitest";
import { box } from "../crypto/box";
import { newOwnKey } from "../crypto/keys";
import { createCore } from "../core";
import { Server, newId, random, subtle, testPorts } from "../testing/world";
import { StorageTrouble, store, type Migration } from "./open";
import * as outbox from "./outbox";
import { CACHE, OUTBOX, outboxName, type Meta, type OutboxSchema } from "./schema";

const ports = { subtle, random };
/** What each version of the outbox has held since it was released. Lines are added here, never changed. */
const VERSIONS: readonly Record<string, string>[] = [{ meta: "key", outbox: "id", retained: "id", dead: "id" }];

function meta(): Meta {
  return {
    key: "state",
    account: newId(),
    device: newId(),
    epoch: newId(),
    lease_days: 7,
    server_time: 0,
    offset: 0,
    offset_at: 0,
    highest_clock: 0,
    order: 1,
    reoffered_at: null,
    spent_device: null,
    ended: false,
  };
}

async function filled(idb: IDBFactory, name: string, migrations: readonly Migration[], n: number) {
  const made = store<OutboxSchema>({ idb, after: () => () => undefined }, name, migrations);
  const secret = await newOwnKey(ports);
  await outbox.begin(made, meta(), secret);
  const items = await Promise.all(
    Array.from({ length: n }, async (_, at) => ({
      id: newId(),
      sha256: "ab".repeat(32),
      core_enc: await box(ports, secret, "core", `event ${at}`),
      sealed: null,
      created: at,
    })),
  );
  await outbox.add(made, items);
  return made;
}

describe("migrations", () => {
  it("never drops or renames what a released version held", async () => {
    expect(OUTBOX.length).toBe(VERSIONS.length);
    for (const [at, stores] of VERSIONS.entries()) {
      const made = store<OutboxSchema>({ idb: new IDBFactory(), after: () => () => undefined }, "o", OUTBOX.slice(0, at + 1));
      await made.use(async (db) => {
        for (const [name, path] of Object.entries(stores)) {
          expect(db.transaction(name as "outbox").store.keyPath).toBe(path);
        }
      });
    }
  });

  it.each(VERSIONS.map((_, at) => at + 1))("opens a full outbox of version %i with the newest (D25)", async (version) => {
    const idb = new IDBFactory();
    const old = await filled(idb, "o", OUTBOX.slice(0, version), 500);
    old.close();
    const next: Migration[] = [...OUTBOX, (db) => void db.createObjectStore("more", { keyPath: "id" })];
    const made = store<OutboxSchema>({ idb, after: () => () => undefined }, "o", next);
    expect((await outbox.readAll(made)).outbox).toHaveLength(500);
    expect((await outbox.readMeta(made))?.order).toBe(501);
    expect(await outbox.readSecret(made)).not.toBe(null);
  });

  it("keeps everything when an upgrade is cut in its middle (D25)", async () => {
    const idb = new IDBFactory();
    (await filled(idb, "o", OUTBOX, 20)).close();
    const cut: Migration[] = [
      ...OUTBOX,
      (db, upgrade) => {
        db.createObjectStore("half", { keyPath: "id" });
        upgrade.abort();
      },
    ];
    const broken = store<OutboxSchema>({ idb, after: () => () => undefined }, "o", cut);
    await expect(outbox.readAll(broken)).rejects.toBeInstanceOf(StorageTrouble);
    const made = store<OutboxSchema>({ idb, after: () => () => undefined }, "o", OUTBOX);
    expect((await outbox.readAll(made)).outbox).toHaveLength(20);
  });

  it("makes way for another tab that upgrades", async () => {
    const idb = new IDBFactory();
    const old = await filled(idb, "o", OUTBOX, 1);
    const made = store<OutboxSchema>({ idb, after: () => () => undefined }, "o", [...OUTBOX, () => undefined]);
    expect((await outbox.readAll(made)).outbox).toHaveLength(1);
    await expect(outbox.readAll(old)).rejects.toBeInstanceOf(StorageTrouble);
  });
});

describe("the outbox", () => {
  it("acknowledges nothing for another epoch (D12)", async () => {
    const made = await filled(new IDBFactory(), "o", OUTBOX, 2);
    const [first] = (await outbox.readAll(made)).outbox;
    const told = [{ id: first!.id, move: { to: "retained" as const, code: "accepted", v: 2 } }];
    expect(await outbox.acknowledge(made, newId(), told, 0, newId)).toBe(false);
    expect((await outbox.readAll(made)).outbox).toHaveLength(2);
    const { epoch } = (await outbox.readMeta(made))!;
    expect(await outbox.acknowledge(made, epoch, told, 0, newId)).toBe(true);
    expect((await outbox.readAll(made)).retained).toHaveLength(1);
  });

  it("offers again what was retained, once per new epoch, and what was scrubbed never", async () => {
    const made = await filled(new IDBFactory(), "o", OUTBOX, 3);
    const { epoch } = (await outbox.readMeta(made))!;
    const rows = (await outbox.readAll(made)).outbox;
    const told = rows.map(({ id }, at) => ({
      id,
      move: at ? { to: "retained" as const, code: "accepted", v: 1 } : { to: "scrubbed" as const, code: "accepted_redacted" },
    }));
    await outbox.acknowledge(made, epoch, told, 0, newId);
    const next = newId();
    expect(await outbox.adoptEpoch(made, next)).toBe(true);
    expect(await outbox.adoptEpoch(made, next)).toBe(false);
    const all = await outbox.readAll(made);
    expect(all.outbox.map((row) => row.reoffer)).toEqual([true, true]);
    expect(all.retained.map((row) => row.core_enc)).toEqual([null]);
  });

  it("keeps retained events 30 days of server time, whatever the phone's clock says (D27)", async () => {
    const made = await filled(new IDBFactory(), "o", OUTBOX, 1);
    const [row] = (await outbox.readAll(made)).outbox;
    const { epoch } = (await outbox.readMeta(made))!;
    const told = [{ id: row!.id, move: { to: "retained" as const, code: "accepted", v: 1 } }];
    await outbox.acknowledge(made, epoch, told, 1_000_000, newId);
    await outbox.purge(made, 1_000_000 + outbox.RETAIN_MS);
    expect((await outbox.readAll(made)).retained).toHaveLength(1);
    await outbox.purge(made, 1_000_001 + outbox.RETAIN_MS);
    expect((await outbox.readAll(made)).retained).toHaveLength(0);
  });
});

describe("storage that fails (D26)", () => {
  async function phone() {
    const server = new Server();
    server.touch(newId(), { address: "Số 1 ngõ 34", people: [] });
    const at = testPorts(server.fetch, new IDBFactory(), server.clock);
    const core = createCore(at, "test");
    await core.start();
    await core.syncNow();
    return { server, core, draft: { household: core.doors.get()[0]!.id, outcome: "not_home" as const } };
  }

  /** Lets the nth to last `put` into the outbox fail. */
  async function failing<T>(times: number, name: string, run: () => Promise<T>): Promise<T> {
    const real = IDBObjectStore.prototype.put;
    let left = times;
    IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...given: Parameters<typeof real>) {
      if (this.name === "outbox" && left-- > 0) {
        this.transaction.abort();
        throw new DOMException("no", name);
      }
      return real.apply(this, given);
    };
    try {
      return await run();
    } finally {
      IDBObjectStore.prototype.put = real;
    }
  }

  it("tries a second time after a fault, and says saved", async () => {
    const { core, draft } = await phone();
    const saved = await failing(1, "UnknownError", () => core.saveVisit(draft));
    expect(saved.ok).toBe(true);
    expect(core.outbox.get().items).toHaveLength(1);
  });

  it.each([
    ["QuotaExceededError", "quota"],
    ["UnknownError", "failed"],
  ])("never says saved after two faults: %s", async (name, trouble) => {
    const { core, draft } = await phone();
    const saved = await failing(2, name, () => core.saveVisit(draft));
    expect(saved).toMatchObject({ ok: false, why: "unsaved", trouble });
    expect(core.status.get().storage).toMatchObject({ unsaved: 1, trouble });
    expect(core.outbox.get().items).toHaveLength(0);
    expect((await core.rescueFile()).items).toBe(1);
    expect(await core.retryUnsaved()).toBe(true);
    expect(core.status.get().storage).toMatchObject({ unsaved: 0, trouble: null });
    expect(core.outbox.get().items).toHaveLength(1);
  });

  it("saves several doors all or none", async () => {
    const { core, draft } = await phone();
    const saved = await failing(2, "UnknownError", () => core.saveVisits([draft, draft, draft]));
    expect(saved.every((one) => !one.ok)).toBe(true);
    expect(core.outbox.get().items).toHaveLength(0);
  });

  it("does not wait for ever for a database that never opens", async () => {
    const idb = { open: () => ({}) } as unknown as IDBFactory;
    const timers: (() => void)[] = [];
    const stuck = store<OutboxSchema>({ idb, after: (_, run) => (timers.push(run), () => undefined) }, "o", OUTBOX);
    const reading = outbox.readAll(stuck).catch((error: unknown) => error);
    for (let turn = 0; turn < 5; turn++) {
      timers.splice(0).forEach((run) => run());
      await Promise.resolve();
      await new Promise((resolve) => setTimeout(resolve));
    }
    expect(await reading).toBeInstanceOf(StorageTrouble);
  });

  it("brings everything back after the cache was evicted, and keeps the outbox", async () => {
    const server = new Server();
    server.touch(newId(), { address: "Số 1 ngõ 34", people: [] });
    const idb = new IDBFactory();
    const first = createCore(testPorts(server.fetch, idb, server.clock), "test");
    await first.start();
    await first.syncNow();
    server.fault = () => null;
    await first.saveVisit({ household: first.doors.get()[0]!.id, outcome: "refused" });
    await first.syncNow();
    const names = (await idb.databases()).map((each) => each.name!);
    const cache = names.find((name) => name.startsWith("gocua-cache-"))!;
    await new Promise((resolve) => {
      idb.deleteDatabase(cache).onsuccess = resolve;
    });
    server.fault = () => undefined;
    const second = createCore(testPorts(server.fetch, idb, server.clock), "test");
    await second.start();
    expect(second.outbox.get().waiting).toBe(1);
    await second.syncNow();
    expect(second.doors.get()).toHaveLength(1);
    expect(server.events.size).toBe(1);
  });

  it("keeps outbox and cache in two databases named by chance", async () => {
    const { server } = await phone();
    const idb = new IDBFactory();
    const core = createCore(testPorts(server.fetch, idb, server.clock), "test");
    await core.start();
    const names = (await idb.databases()).map((each) => each.name!).sort();
    expect(names).toHaveLength(3);
    const profile = names.find((name) => name.startsWith("gocua-outbox-"))!.slice("gocua-outbox-".length);
    expect(names).toContain(outboxName(profile));
    expect(names.join()).not.toContain(server.account);
    expect(CACHE.length).toBeGreaterThan(0);
  });
});
