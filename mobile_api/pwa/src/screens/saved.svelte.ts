/** What was saved a moment ago, with the way back: eight seconds, then it is still in "Chờ gửi" and at the door. */
import type { Saved } from "../contract";
import { core, doors } from "./core.svelte";
import { drop, restore } from "./drafts.svelte";
import type { Form } from "./form";
import { nextDoor } from "./list";
import { go, route } from "./route.svelte";

export const UNDO_MS = 8_000;
/** A second tap on "Lưu" lands on the next door's buttons: this soon after, it is not meant for them. */
const SETTLE_MS = 700;
let arrived = { path: "", at: 0 };

/** False while a tap on this screen may still be meant for the one that it followed by itself. */
export function settled(): boolean {
  return route.path !== arrived.path || performance.now() - arrived.at > SETTLE_MS;
}

interface Just {
  ids: readonly string[];
  /** only visits are taken back here: a correction is put right by another, a new door by the leader */
  undoable: boolean;
  /** one door: where undoing leads back to, with what was filled in */
  household: string | null;
  form: Form | null;
}

let last: Just | null = $state.raw(null);
let refused: Exclude<Saved, { ok: true }> | null = $state.raw(null);
let ends: ReturnType<typeof setTimeout> | undefined;

export const just = {
  get saved() {
    return last;
  },
  /** Why the last saving did not work, until it is put away. */
  get refused() {
    return refused;
  },
};

export function dismiss(): void {
  refused = null;
}

/** Tell what came of saving visits; true when they are on the phone. */
export function tell(results: readonly Saved[], household: string | null = null, form: Form | null = null): boolean {
  return said(results, { undoable: true, household, form });
}

/** Tell what came of saving anything else; true when it is on the phone. */
export function tellOther(saved: Saved): boolean {
  return said([saved], { undoable: false, household: null, form: null });
}

function said(results: readonly Saved[], rest: Omit<Just, "ids">): boolean {
  const bad = results.find((each) => !each.ok);
  refused = bad && !bad.ok ? bad : null;
  if (refused) return false;
  clearTimeout(ends);
  last = { ids: results.flatMap((each) => (each.ok ? [each.id] : [])), ...rest };
  ends = setTimeout(() => (last = null), UNDO_MS);
  return true;
}

/** After a door is done: the next one that is not, or the list. Whoever left `from` while it was saved stays. */
export function onward(id: string, from: string): void {
  drop(id);
  if (route.path !== from) return;
  const next = nextDoor(doors.now, id);
  arrived = { path: next ? `/ho/${next.id}` : "/", at: performance.now() };
  go(arrived.path, { replace: true });
}

/** Take back what was saved last; of one door, open its form again as it was. */
export async function undo(): Promise<void> {
  const taken = last;
  if (!taken?.undoable) return;
  last = null;
  clearTimeout(ends);
  const results = await Promise.all(taken.ids.map((id) => core.undo(id)));
  const bad = results.find((each) => !each.ok);
  refused = bad && !bad.ok ? bad : null;
  if (!taken.household) return;
  if (taken.form) restore(taken.household, taken.form);
  go(taken.form ? `/ho/${taken.household}/ghi` : `/ho/${taken.household}`);
}
