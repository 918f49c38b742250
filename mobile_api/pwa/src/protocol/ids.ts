import { hex, type Bytes } from "./bytes";

/**
 * A UUIDv7 (RFC 9562): 48 bits of the phone's clock, which nobody trusts, and 74 random bits, which make it unique.
 * `random` gives n random bytes.
 */
export function uuid7(now: number, random: (bytes: number) => Bytes): string {
  const bytes = new Uint8Array(16);
  const time = Math.min(Math.max(Math.floor(now), 0), 2 ** 48 - 1);
  for (let at = 0; at < 6; at++) bytes[at] = Math.floor(time / 2 ** (8 * (5 - at))) % 256;
  bytes.set(random(10), 6);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const text = hex(bytes);
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
}

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
