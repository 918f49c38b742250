/** A phone that was shut out: hand over what waits, forget everything, say so (sync.md, section 16). */
import * as outbox from "../storage/outbox";
import { request } from "../sync/http";
import { pushAll, sameHistory, type PushDeps } from "../sync/push";
import type { Session } from "./profile";
import { loadEvents, publish, publishMeta } from "./show";
import type { World } from "./world";

const DOOR = "/api/v1/sync/quarantine";
// The server's history may change while we hand over; then what it had is offered once more.
const ROUNDS = 3;

/** Nothing leaves this phone before the server has it; what it refuses stays for the rescue file. */
export async function handOver(world: World, session: Session, deps: PushDeps): Promise<void> {
  if (!session.meta.wiped && !(await handedOver(world, session, deps))) return;
  if (session.meta.wiped_told) return;
  const reply = await request(world.ports, "POST", "/api/v1/sync/wiped", {});
  // 410: too late to tell, and nobody waits for it any more.
  if (reply?.status !== 204 && reply?.status !== 410) return;
  publishMeta(world, await outbox.updateMeta(session.outbox, () => ({ wiped_told: true })));
}

async function handedOver(world: World, session: Session, deps: PushDeps): Promise<boolean> {
  let same: boolean | null = false;
  for (let round = 0; round < ROUNDS && !same; round++) {
    const told = await pushAll({ ...deps, path: DOOR }, world.pace);
    if (told !== null && told !== "other_history") return false;
    // Before the last copies go: is the server that acknowledged them still the one that answers?
    same = told === null ? await sameHistory({ ...deps, path: DOOR }) : false;
    if (same === null) return false;
  }
  if (!same || world.unsaved.length || !(await outbox.empty(session.outbox))) return false;
  const meta = await outbox.readMeta(session.outbox);
  if (meta) publishMeta(world, meta);
  world.opened.clear();
  await loadEvents(world);
  publish(world);
  world.say("outbox");
  return true;
}
