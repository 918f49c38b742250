/** The rotating badge code, as qr/codes/live.py reads it; tests/vectors/sync/badge.json holds the two together. */
import { utf8, type Bytes } from "./bytes";

export const STEP_S = 30;
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CONTEXT = utf8("gocua-badge-v1");
const CLOCK_BITS = 20;
const PROOF_BITS = 60;

/** The number of the half minute at this time (ms since 1970, by the server's clock). */
export function stepAt(ms: number): number {
  return Math.floor(ms / 1000 / STEP_S);
}

/** Seconds until the next code, 1 to 30. */
export function secondsLeft(ms: number): number {
  return Math.ceil(STEP_S - ((ms / 1000) % STEP_S));
}

/** A key that signs and cannot be read again. */
export function badgeKey(subtle: SubtleCrypto, secret: Bytes): Promise<CryptoKey> {
  return subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

/** 26 characters: the key's name, the half minute, and the proof that only this key can make for it. */
export async function liveToken(subtle: SubtleCrypto, key: CryptoKey, handle: string, step: number): Promise<string> {
  const said = new Uint8Array(CONTEXT.length + 8);
  said.set(CONTEXT);
  new DataView(said.buffer).setBigUint64(CONTEXT.length, BigInt(step));
  const digest = new Uint8Array(await subtle.sign("HMAC", key, said));
  const clock = new Uint8Array(4);
  new DataView(clock.buffer).setUint32(0, (step % 2 ** CLOCK_BITS) * 2 ** (32 - CLOCK_BITS));
  return handle + spell(clock, CLOCK_BITS) + spell(digest, PROOF_BITS);
}

/** The first bits of these bytes, five to a character. */
function spell(bytes: Uint8Array, bits: number): string {
  let text = "";
  for (let at = 0; at < bits; at += 5) {
    const byte = at >> 3;
    const pair = (bytes[byte]! << 8) | (bytes[byte + 1] ?? 0);
    text += ALPHABET[(pair >> (11 - (at & 7))) & 31];
  }
  return text;
}
