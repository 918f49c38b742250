/** Tonight's list: which doors, in which order, under which heading. Pure. */
import type { DoorShort, Walk } from "../contract";

export type View = "order" | "left" | "oldest";
export type Row =
  | { key: string; head: string; doors: number }
  | { key: string; door: DoorShort; full: boolean };

/** Lower case without diacritics, as `DoorShort.search` is written. */
export function fold(text: string): string {
  return text
    .toLowerCase()
    .replace(/đ/g, "d")
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/\s+/g, " ")
    .trim();
}

/** The rows of the page. Every word of `search` must be found; walks are named only when there are several. */
export function rowsOf(doors: readonly DoorShort[], walks: readonly Walk[], view: View, search: string): Row[] {
  const words = fold(search).split(" ").filter(Boolean);
  const found = doors.filter(
    (door) => (view !== "left" || !door.done) && words.every((word) => door.search.includes(word)),
  );
  if (view === "oldest") {
    const oldest = [...found].sort((a, b) => (a.last?.at ?? "").localeCompare(b.last?.at ?? ""));
    return oldest.map((door) => ({ key: door.id, door, full: true }));
  }
  const names = new Map(walks.map((walk) => [walk.id, walk.name]));
  const several = new Set(found.map((door) => door.walk)).size > 1;
  const rows: Row[] = [];
  let group: { key: string; head: string; doors: number } | null = null;
  let place = "";
  found.forEach((door, index) => {
    const here = `${door.walk ?? ""}|${door.alley}`;
    if (!group || here !== place) {
      place = here;
      const walk = several ? names.get(door.walk ?? "") : undefined;
      group = { key: `${index}|${here}`, head: [walk, door.alley].filter(Boolean).join(" · "), doors: 0 };
      rows.push(group);
    }
    group.doors += 1;
    rows.push({ key: door.id, door, full: !door.alley });
  });
  return rows;
}

/** "Số 12" of "Số 12 ngõ 34 phố Hoa": enough below a heading that names the alley. */
export function houseOf(address: string): string {
  return /^((số nhà|số|nhà số|nhà|căn hộ|căn|phòng|p\.)\s*)?\d\S*/iu.exec(address.trim())?.[0].replace(/,$/, "") ?? address;
}

/** The next door that is not done, after `id` in walking order, then from the start; null when none is left. */
export function nextDoor(doors: readonly DoorShort[], id: string): DoorShort | null {
  const at = doors.findIndex((door) => door.id === id);
  const ahead = [...doors.slice(at + 1), ...doors.slice(0, Math.max(at, 0))];
  return ahead.find((door) => !door.done && door.id !== id) ?? null;
}
