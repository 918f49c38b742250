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
}
interface Kept<T> {
  etag: string | null;
  body: T;
}

interface Held {
  guides: GuidePack | null;
  badge: Badge | null;
  plates: Readonly<Record<string, string>>;
}

let all: Held = $state.raw({ guides: null, badge: null, plates: {} });

export const packs = {
  get guides() {
    return all.guides;
  },
  get badge() {
    return all.badge;
  },
  get plates() {
    return all.plates;
  },
  /** Everything that an evening without signal needs is here. */
  get complete() {
    return all.guides !== null && all.badge !== null;
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
    one<Badge>("badge", (body) => (all = { ...all, badge: body })),
    one<{ plates: Record<string, string> }>("plates", (body) => (all = { ...all, plates: body.plates })),
  ]);
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
