/**
 * What builds that are out there have sent, kept for the server's tests (tests/sync/recorded): a file per build, never
 * changed. `RECORD=name npx vitest run src/sync/recorded` writes one from the core as it is now.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createCore } from "../core";
import { sha256 } from "../protocol/bytes";
import { SCHEMA } from "../protocol/core";
import { Server, newId, subtle, testPorts } from "../testing/world";

const FOLDER = new URL("../../../../tests/sync/recorded/", import.meta.url);

interface Recorded {
  account: string;
  pushes: { schema: number; items: { id: string; sha256: string; core: string }[] }[];
}

async function record(): Promise<Recorded> {
  const server = new Server();
  const [first, second] = [newId(), newId()];
  for (const id of [first, second]) server.touch(id, { address: "Số 2 ngõ 34", people: [] });
  const core = createCore(testPorts(server.fetch, undefined, server.clock), "record");
  await core.start();
  await core.syncNow();
  const person = newId();
  const results = [{ resident: person, service: "eid_level_2", state: "done_with_help" as const }];
  const consents = [{ purpose: "data", given: true, text_version: "1", how: "voice" }];
  const helped = await core.saveVisit({ household: first, outcome: "helped", results, consents, note: "hẹn con trai" });
  await core.saveVisits([first, second].map((household) => ({ household, outcome: "not_home" as const })));
  await core.saveVisit({ household: second, outcome: "rescheduled", appointment: { on: "2026-12-01", at: "19:30" } });
  if (helped.ok) await core.correct(helped.id, { household: first, outcome: "refused" });
  const added = await core.addHousehold({ address: "Số 9 ngõ 34", residents: [{ birth_year: 1958, sex: "female" }] });
  if (added.ok) await core.addResidents(added.household, [{ name: "Trần Thị Bích" }]);
  const undone = await core.saveVisit({ household: second, outcome: "no_access" });
  if (undone.ok) await core.undo(undone.id);
  await core.syncNow();
  const pushes = server.requests.filter((one) => one.path.endsWith("/push")).map((one) => one.body);
  return { account: server.account, pushes: pushes as unknown as Recorded["pushes"] };
}

describe("recorded traffic", () => {
  if (process.env["RECORD"]) it("writes what this build sends", async () => {
    const file = new URL(`${process.env["RECORD"]}.json`, FOLDER);
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, `${JSON.stringify(await record(), null, 1)}\n`);
  });

  it("is held for the schema that this build sends, with the fields it sends", async () => {
    const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
    const all = files.map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) as Recorded);
    const items = all.flatMap((one) => one.pushes).filter((push) => push.schema === SCHEMA).flatMap((push) => push.items);
    const fields = (core: string): string => {
      const { payload, kind, ...rest } = JSON.parse(core) as { payload: object; kind: string };
      return [kind, ...Object.keys(rest).sort(), ...Object.keys(payload).sort()].join(" ");
    };
    const known = new Set(items.map((item) => fields(item.core)));
    const now = (await record()).pushes.flatMap((push) => push.items);
    expect(now.length).toBeGreaterThan(8);
    for (const { core } of now) expect(known).toContain(fields(core));
    for (const { core, sha256: hash } of items) expect(await sha256(subtle, core)).toBe(hash);
  });
});
