import { describe, expect, it } from "vitest";
import { detail, localMinute, type DoorRow } from "./doors";
import type { Event } from "./events";

const ASKED = { id: "h1", at: "2026-11-25T18:30", suits: "evenings" as const };
const row: DoorRow = { id: "d1", v: 3, leaving: false, data: { address: "Số 12", help: [ASKED], people: [] } };

function visit(id: string, at: string, payload: object, corrects?: string): Event {
  const created = Date.parse(`${at}:00+07:00`);
  const core = { household: "d1", kind: "visit", payload, offset_ms: 0, corrects } as unknown as Event["core"];
  return { id, sha256: id, created, order: 0, core, state: "waiting", reoffer: false, code: null, reason: null, v: null, ackedAt: null, tries: 0 };
}
const shown = (...mine: Event[]) => detail(row, mine, [], [], "2026-11-25");

describe("a request for help at a door", () => {
  it("stands there with what the row leaves out, and keeps the door open", () => {
    const door = shown();
    expect(door.help).toEqual([{ ...ASKED, services: [], place: "", phone: "", on: null }]);
    expect(door.done).toBe(false);
    expect(localMinute(Date.parse("2026-11-25T18:30:00+07:00"))).toBe(ASKED.at);
  });
  it("is answered by this phone's own visit before the server knows", () => {
    expect(shown(visit("e1", "2026-11-25T19:40", { outcome: "helped" })).help).toEqual([]);
    expect(shown(visit("e1", "2026-11-25T19:40", { outcome: "no_need" })).done).toBe(true);
  });
  it("is not answered by nobody at home, an older visit, or one that was taken back", () => {
    expect(shown(visit("e1", "2026-11-25T19:40", { outcome: "not_home" })).help).toHaveLength(1);
    expect(shown(visit("e1", "2026-11-25T19:40", { outcome: "not_home" })).done).toBe(false);
    expect(shown(visit("e1", "2026-11-25T18:00", { outcome: "helped" })).help).toHaveLength(1);
    const back = visit("e2", "2026-11-25T19:50", { void: true }, "e1");
    expect(shown(visit("e1", "2026-11-25T19:40", { outcome: "helped" }), back).help).toHaveLength(1);
  });
});
