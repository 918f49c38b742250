/** The core of an event: its exact text is made once, hashed, and sent unchanged for ever (sync.md, section 3). */
import type { Zone } from "../ports";
import { base64url, sha256, utf8, type Bytes } from "./bytes";

export const SCHEMA = 1;
/** The server's limits, checked here before anything is saved. */
export const MAX_PAYLOAD_BYTES = 8 * 1024;

export type Kind = "visit" | "correction" | "household_add" | "resident_add";

/** What an event says, beside when and by which phone clock. */
export interface Fact {
  author: string;
  household: string;
  kind: Kind;
  payload: Record<string, unknown>;
  base_v: number | null;
  corrects?: string;
}

/** When, as the phone saw it. `offset_ms`: server minus phone at the last contact, `offset_age_s` ago. */
export interface Moment {
  now: number;
  zone: Zone;
  mono_ms: number;
  offset_ms: number | null;
  offset_age_s: number | null;
}

export interface Sealed {
  sha256: string;
  core: string;
}

export interface Core extends Fact {
  schema: number;
  device_time: string;
  tz: string;
  mono_ms: number;
  offset_ms: number | null;
  offset_age_s: number | null;
  salt: string;
}

/** The text of an event and its hash. `salt`: 16 random bytes. */
export async function seal(subtle: SubtleCrypto, fact: Fact, moment: Moment, salt: Bytes): Promise<Sealed> {
  const core = coreText(fact, moment, salt);
  return { core, sha256: await sha256(subtle, core) };
}

export function coreText(fact: Fact, moment: Moment, salt: Bytes): string {
  const core: Core = {
    schema: SCHEMA,
    author: fact.author,
    household: fact.household,
    kind: fact.kind,
    device_time: rfc3339(moment.now, moment.zone.minutes),
    tz: moment.zone.name,
    mono_ms: Math.max(0, Math.round(moment.mono_ms)),
    offset_ms: moment.offset_ms === null ? null : Math.round(moment.offset_ms),
    offset_age_s: moment.offset_age_s === null ? null : Math.max(0, Math.round(moment.offset_age_s)),
    base_v: fact.base_v,
    ...(fact.corrects === undefined ? {} : { corrects: fact.corrects }),
    salt: base64url(salt),
    payload: fact.payload,
  };
  return JSON.stringify(core);
}

/** What may stay of an event whose household took its consent back: it keeps the volunteer's credit. */
export interface Trace {
  author: string;
  kind: string;
  device_time: string;
  tz: string;
  offset_ms: number | null;
}

export function traceOf({ author, kind, device_time, tz, offset_ms }: Core): Trace {
  return { author, kind, device_time, tz, offset_ms };
}

export function readCore(core: string): Core {
  return JSON.parse(core) as Core;
}

/** Local time with its offset, milliseconds: 2026-11-21T19:31:02.000+07:00. */
export function rfc3339(at: number, minutes: number): string {
  const local = new Date(at + minutes * 60_000).toISOString().slice(0, -1);
  const size = Math.abs(minutes);
  const pad = (value: number): string => String(value).padStart(2, "0");
  return `${local}${minutes < 0 ? "-" : "+"}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}

export function payloadBytes(payload: Record<string, unknown>): number {
  return utf8(JSON.stringify(payload)).length;
}
