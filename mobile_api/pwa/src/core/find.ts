/** Finding: a door by its code, a visit as it was made. */
import type { Appointment, Consent, DoorShort, Outcome, VisitDraft, VisitResult } from "../contract";
import type { World } from "./world";

/** People read O for 0 and I for 1, and put spaces between. */
const spelled = (code: string): string => code.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");

export function findByCode(world: World, code: string): DoorShort | null {
  const wanted = spelled(code);
  if (!wanted) return null;
  return world.doors.get().find((door) => spelled(door.code) === wanted) ?? null;
}

/** The visit as it was made, for a correction; null when it is not of this phone or was scrubbed. */
export async function draftOf(world: World, id: string): Promise<VisitDraft | null> {
  const core = world.session?.key ? world.events.find((event) => event.id === id)?.core : null;
  if (!core || typeof core.payload["outcome"] !== "string") return null;
  const { outcome, results, appointment, note, consents } = core.payload as {
    outcome: Outcome;
    results?: VisitResult[];
    appointment?: Appointment;
    note?: string;
    consents?: Consent[];
  };
  return {
    household: core.household,
    outcome,
    ...(results ? { results } : {}),
    ...(appointment ? { appointment } : {}),
    ...(note ? { note } : {}),
    ...(consents ? { consents } : {}),
  };
}
