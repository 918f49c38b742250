import { describe, expect, it } from "vitest";
import type { DoorShort } from "../contract";
import { fold, houseOf, nextDoor, rowsOf } from "./list";

function door(id: string, some: Partial<DoorShort> = {}): DoorShort {
  return {
    id,
    walk: "w1",
    pos: 1,
    alley: "Ngõ 34",
    address: `Số ${id} ngõ 34`,
    code: `H${id}`,
    head: "",
    people: 1,
    open: [],
    openCount: 1,
    last: null,
    absentInRow: 0,
    help: [],
    appointment: null,
    visitedToday: false,
    done: false,
    waiting: 0,
    attention: 0,
    stub: false,
    mark: null,
    state: "active",
    leaving: false,
    search: fold(`Số ${id} ngõ 34 Bồ Đề`),
    ...some,
  };
}
const walk = (id: string, name: string) => ({ id, name, doors: 1, until: null, with: [] });
const ids = (rows: ReturnType<typeof rowsOf>) => rows.map((row) => ("door" in row ? row.door.id : `# ${row.head} ${row.doors}`));

describe("tonight's list", () => {
  it("groups by alley in the order given", () => {
    const doors = [door("1"), door("2"), door("3", { alley: "Ngõ 36" })];
    expect(ids(rowsOf(doors, [walk("w1", "Tuyến 1")], "order", ""))).toEqual(["# Ngõ 34 2", "1", "2", "# Ngõ 36 1", "3"]);
  });

  it("names the walks only when there are several", () => {
    const doors = [door("1"), door("2", { walk: "w2" })];
    const walks = [walk("w1", "Tuyến 1"), walk("w2", "Tuyến 2")];
    expect(ids(rowsOf(doors, walks, "order", ""))).toEqual(["# Tuyến 1 · Ngõ 34 1", "1", "# Tuyến 2 · Ngõ 34 1", "2"]);
  });

  it("finds without diacritics, every word", () => {
    const doors = [door("12"), door("14", { search: fold("Số 14 Gia Thuỵ") })];
    expect(ids(rowsOf(doors, [], "oldest", "BO de 12"))).toEqual(["12"]);
    expect(ids(rowsOf(doors, [], "oldest", "thụy"))).toEqual(["14"]);
    expect(ids(rowsOf(doors, [], "oldest", "khong co"))).toEqual([]);
  });

  it("leaves out what is done, and puts the longest not visited first", () => {
    const last = (at: string) => ({ at, by: "Minh", outcome: "helped" as const });
    const doors = [door("1", { last: last("2026-11-20T19:00") }), door("2", { done: true }), door("3", { last: last("2026-11-02T19:00") })];
    expect(ids(rowsOf(doors, [], "left", "")).slice(1)).toEqual(["1", "3"]);
    expect(ids(rowsOf(doors, [], "oldest", ""))).toEqual(["2", "3", "1"]);
  });

  it("shows the house below its alley, and what has no number whole", () => {
    expect(houseOf("Số 12 ngõ 34 phố Hoa")).toBe("Số 12");
    expect(houseOf("12/3B, ngách 5")).toBe("12/3B");
    expect(houseOf("Số nhà 7 ngõ 1")).toBe("Số nhà 7");
    expect(houseOf("P.1301 chung cư CT1")).toBe("P.1301");
    expect(houseOf("Cuối ngõ, cạnh giếng")).toBe("Cuối ngõ, cạnh giếng");
  });

  it("goes on to the next door that is not done, and round to the start", () => {
    const doors = [door("1"), door("2", { done: true }), door("3"), door("4", { done: true })];
    expect(nextDoor(doors, "1")?.id).toBe("3");
    expect(nextDoor(doors, "3")?.id).toBe("1");
    expect(nextDoor([door("1")], "1")).toBeNull();
    expect(nextDoor(doors, "unknown")?.id).toBe("1");
  });
});
