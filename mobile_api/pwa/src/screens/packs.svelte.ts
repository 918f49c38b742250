/** Guides, badge and plates: shown from the phone at once, refreshed when the server answers. */
import type { Symbol } from "../components/Qr.svelte";
import { core } from "./core.svelte";

export interface Section {
  title: string;
  text: string;
  picture?: string;
}
export interface Guide {
  slug: string;
  title: string;
  summary: string;
  minutes: number;
  taps: string;
  needs: readonly string[];
  checked_on: string;
  review_by: string;
  intro: string;
  steps: readonly Section[];
  troubles: readonly Section[];
}
export interface GuidePack {
  groups?: Readonly<Record<string, readonly { name: string; guides: readonly string[] }[]>>;
  guides: Readonly<Record<string, readonly Guide[]>>;
  codes: Readonly<Record<string, Symbol>>;
  pictures: Readonly<Record<string, string>>;
  hotlines: Readonly<Record<string, readonly { number: string; dial: string; use: string }[]>>;
  contact: { ward: string; phone: string; dial: string };
}
export interface Badge {
  given_name: string;
  initials: string;
  team: string;
  team_title: string;
  ward: string;
  areas: readonly string[];
  phone: string;
  code: Symbol;
  /** the key that the server holds for this phone's rotating code */
  live_handle: string | null;
  visit_codes: readonly VisitCode[];
}
/** A code that one of my teams announced; days and hours in Vietnam. */
export interface VisitCode {
  code: string;
  team: string;
  starts_on: string;
  ends_on: string;
  opens: string;
  closes: string;
}
/** What the rotating code is made from; behind the PIN, and wiped with the list. */
export interface BadgeSecret {
  handle: string;
  secret: string;
  address: string;
}
/** My days worked, as the server counts them, and my doors of the running campaign. */
export interface Attendance {
  days: readonly string[];
  campaign: { name: string; done: number; total: number; days: number } | null;
}
interface Kept<T> {
  etag: string | null;
  body: T;
}

interface Held {
  guides: GuidePack | null;
  badge: Badge | null;
  secret: BadgeSecret | null;
  attendance: Attendance | null;
  plates: Readonly<Record<string, string>>;
}

let all: Held = $state.raw({ guides: null, badge: null, secret: null, attendance: null, plates: {} });

export const packs = {
  get guides() {
    return all.guides;
  },
  get badge() {
    return all.badge;
  },
  get attendance() {
    return all.attendance;
  },
  get secret() {
    return all.secret;
  },
  get plates() {
    return all.plates;
  },
  /** Everything that an evening without signal needs is here. */
  get complete() {
    return all.guides !== null && all.badge !== null && all.secret !== null;
  },
};

let busy: Promise<void> | null = null;

/** Read what the phone holds, then ask the server for what is newer. Never rejects. */
export function loadPacks(): Promise<void> {
  busy ??= load().finally(() => (busy = null));
  return busy;
}

async function load(): Promise<void> {
  await Promise.all([
    one<GuidePack>("guides", (body) => (all = { ...all, guides: body })),
    one<Badge>("badge", (body) => (all = { ...all, badge: body })).then(secret),
    // Counted anew on the server each time: once in a start is enough, and when somebody looks.
    all.attendance ? null : loadAttendance(),
    one<{ plates: Record<string, string> }>("plates", (body) => (all = { ...all, plates: body.plates })),
  ]);
}

/** My days worked, from the phone at once and then from the server. */
export function loadAttendance(): Promise<void> {
  return one<Attendance>("attendance", (body) => (all = { ...all, attendance: body }));
}

/** The secret of the rotating code: asked for once, and again when the server knows another one or none. */
async function secret(): Promise<void> {
  try {
    const kept = await core.recall<BadgeSecret>("badge_secret");
    if (kept) all = { ...all, secret: kept };
    if (!all.badge || (kept && kept.handle === all.badge.live_handle)) return;
    const reply = await core.post<BadgeSecret>("/api/v1/device/badge-key");
    if (reply?.status !== 201 || !reply.body) return;
    await core.remember("badge_secret", reply.body);
    all = { ...all, secret: reply.body };
  } catch {
    // As below.
  }
}

async function one<T>(name: string, show: (body: T) => void): Promise<void> {
  try {
    const kept = await core.recall<Kept<T>>(name);
    if (kept) show(kept.body);
    const reply = await core.get<T>(`/api/v1/${name}`, kept?.etag ?? undefined);
    if (reply?.status !== 200 || !reply.body) return;
    show(reply.body);
    await core.remember(name, { etag: reply.etag, body: reply.body } satisfies Kept<T>);
  } catch {
    // No network or no room: what is shown stays, the next start asks again.
  }
}
