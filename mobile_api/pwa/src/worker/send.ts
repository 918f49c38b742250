/** Sending without an open page, where the browser has Background Sync. It needs no PIN: only the outbox key. */
import { currentProfile, profileList } from "../core/profile";
import { browserPorts, type Ports } from "../ports";
import { store } from "../storage/open";
import * as outbox from "../storage/outbox";
import { OUTBOX, outboxName, type OutboxSchema } from "../storage/schema";
import { request } from "../sync/http";
import { fullPace, pushAll } from "../sync/push";

/** Send what waits. Rejects when something still does, so that the browser tries again later. */
export async function sendWaiting(ports: Ports = browserPorts()): Promise<void> {
  const list = profileList(ports);
  const profile = await currentProfile(list);
  if (!profile) return;
  const box = store<OutboxSchema>(ports, outboxName(profile), OUTBOX);
  try {
    await ports.lock(`gocua-sync-${profile}`, () => send(ports, box));
  } finally {
    box.close();
    list.close();
  }
}

async function send(ports: Ports, box: outbox.Outbox): Promise<void> {
  const [meta, secret] = [await outbox.readMeta(box), await outbox.readSecret(box)];
  if (!meta || !secret || meta.ended || !(await outbox.readAll(box)).outbox.length) return;
  const me = await request(ports, "GET", "/api/v1/me");
  if (!me) throw new Error("no network");
  // Somebody else is paired with this browser by now: theirs is not the outbox to send from.
  if ((me.body as { account_id?: string } | null)?.account_id !== meta.account) return;
  await outbox.hurry(box, new Set(["no_reply"]));
  const quiet = async (): Promise<void> => undefined;
  const deps = { ports, outbox: box, secret, contact: quiet, changed: quiet, sending: () => undefined };
  const problem = await pushAll(deps, fullPace());
  // Another history: the page heals that, since it also pulls.
  if (problem === "network" || problem === "server" || problem === "busy") throw new Error(problem);
}
