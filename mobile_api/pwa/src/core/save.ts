/** Saving: build the core, hash, encrypt, one strict transaction, and only then "saved" (sync.md, section 18). */
import type { DraftProblem, HouseholdDraft, NewPerson, Saved, VisitDraft } from "../contract";
import { box } from "../crypto/box";
import { seal, type Fact } from "../protocol/core";
import { uuid7 } from "../protocol/ids";
import { StorageTrouble } from "../storage/open";
import * as outbox from "../storage/outbox";
import { coreContext } from "../sync/push";
import { checkHousehold, checkPeople, checkVisit, householdPayload, peoplePayload, visitPayload } from "./drafts";
import { loadEvents, publish } from "./show";
import { patchStorage, type Unsaved, type World } from "./world";

interface Draft {
  fact: Omit<Fact, "author" | "base_v">;
  opened?: number | undefined;
}
type Wake = () => void;

export async function saveVisits(world: World, drafts: readonly VisitDraft[], wake: Wake): Promise<Saved[]> {
  const problems = drafts.map(checkVisit);
  if (problems.some(Boolean)) return problems.map((problem) => refuse(problem));
  const made = drafts.map((draft) => ({
    fact: { household: draft.household, kind: "visit" as const, payload: visitPayload(draft) },
    opened: draft.opened,
  }));
  return save(world, made, wake);
}

export async function correct(world: World, id: string, draft: VisitDraft | null, wake: Wake): Promise<Saved> {
  const event = world.events.find((one) => one.id === id);
  if (!event?.core) return { ok: false, why: "closed" };
  const problem = draft && checkVisit(draft);
  if (problem) return refuse(problem);
  const fact = {
    household: event.core.household,
    kind: "correction" as const,
    corrects: id,
    payload: draft ? visitPayload(draft) : { void: true },
  };
  return (await save(world, [{ fact, opened: draft?.opened }], wake))[0]!;
}

export async function addHousehold(world: World, draft: HouseholdDraft, wake: Wake): Promise<Saved> {
  const problem = checkHousehold(draft, year(world));
  if (problem) return refuse(problem);
  const id = (): string => uuid7(world.ports.now(), world.ports.random);
  const fact = { household: id(), kind: "household_add" as const, payload: householdPayload(draft, id) };
  return (await save(world, [{ fact }], wake))[0]!;
}

export async function addResidents(
  world: World,
  household: string,
  people: readonly NewPerson[],
  wake: Wake,
): Promise<Saved> {
  const problem = checkPeople(people, year(world));
  if (problem) return refuse(problem);
  const id = (): string => uuid7(world.ports.now(), world.ports.random);
  const payload = { residents: peoplePayload(people, id) };
  return (await save(world, [{ fact: { household, kind: "resident_add", payload } }], wake))[0]!;
}

/** All or none. `wake` is called when there is something to send. */
async function save(world: World, drafts: readonly Draft[], wake: Wake): Promise<Saved[]> {
  const { session } = world;
  if (!session || world.status.get().phase === "ended") return drafts.map(() => ({ ok: false, why: "closed" }));
  const { limit } = world.status.get().storage;
  if (limit !== null && world.outbox.get().waiting + drafts.length > limit) {
    return drafts.map(() => ({ ok: false, why: "limit" }));
  }
  const made = await Promise.all(drafts.map((draft) => sealed(world, draft)));
  try {
    await write(world, made);
  } catch (error) {
    return hold(world, made, drafts, error);
  }
  world.rescued = false;
  await loadEvents(world);
  publish(world);
  world.say("outbox");
  wake();
  return made.map(({ id }, at) => ({ ok: true, id, household: drafts[at]!.fact.household }));
}

async function sealed(world: World, draft: Draft): Promise<Unsaved> {
  const { ports, session } = world;
  const { meta } = session!;
  const now = ports.now();
  const moment = {
    now,
    zone: ports.zone(now),
    mono_ms: draft.opened === undefined ? 0 : ports.mono() - draft.opened,
    offset_ms: meta.offset,
    offset_age_s: meta.offset_at === null ? null : (now - meta.offset_at) / 1000,
  };
  const base_v = world.rows.get(draft.fact.household)?.v ?? null;
  const made = await seal(ports.subtle, { ...draft.fact, author: meta.account, base_v }, moment, ports.random(16));
  return { id: uuid7(now, ports.random), ...made, created: now };
}

async function write(world: World, made: readonly Unsaved[]): Promise<void> {
  const { ports, session } = world;
  const items = await Promise.all(
    made.map(async ({ id, sha256, core, created }) => ({
      id,
      sha256,
      core_enc: await box(ports, session!.secret, coreContext(sha256), core),
      sealed: null,
      created,
    })),
  );
  await outbox.add(session!.outbox, items);
}

/** Storage refused twice: keep the events in memory, say so loudly. */
function hold(world: World, made: readonly Unsaved[], drafts: readonly Draft[], error: unknown): Saved[] {
  const trouble = error instanceof StorageTrouble ? error.what : "failed";
  world.unsaved.push(...made);
  patchStorage(world, { trouble, unsaved: world.unsaved.length });
  return made.map(({ id }, at) => ({ ok: false, why: "unsaved", id, household: drafts[at]!.fact.household, trouble }));
}

/** Try again to write what is held in memory. */
export async function retryUnsaved(world: World, wake: Wake): Promise<boolean> {
  const held = [...world.unsaved];
  if (!held.length || !world.session) return true;
  try {
    await write(world, held);
  } catch (error) {
    patchStorage(world, { trouble: error instanceof StorageTrouble ? error.what : "failed" });
    return false;
  }
  world.unsaved = world.unsaved.filter((one) => !held.includes(one));
  patchStorage(world, { trouble: null, unsaved: world.unsaved.length });
  await loadEvents(world);
  publish(world);
  world.say("outbox");
  wake();
  return true;
}

function refuse(problem: DraftProblem | null): Saved {
  return problem ? { ok: false, why: "draft", problem } : { ok: false, why: "closed" };
}

function year(world: World): number {
  return new Date(world.ports.now()).getUTCFullYear() + 1;
}
