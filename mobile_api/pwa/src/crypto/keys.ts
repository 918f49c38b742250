/**
 * The keys on the phone.
 *
 * - The profile key encrypts what was pulled. Its bytes are made once and kept only wrapped: by the phone's own key,
 *   or by a PIN. In memory it cannot be extracted.
 * - The outbox key encrypts events. It is the phone's own and not behind the PIN, so that a forgotten PIN costs the
 *   list, which can be pulled again, and never an event, which cannot.
 *
 * Honest limit: a PIN of six digits can be tried out by whoever copies the phone's storage; the guards are the
 * phone's own lock, the lease and the small cache.
 */
import type { Bytes } from "../protocol/bytes";
import type { Ports } from "../ports";
import type { WrappedKey } from "../storage/schema";
import { boxBytes, unboxBytes, type Encrypted } from "./box";

type With = Pick<Ports, "subtle" | "random">;
export const PIN_ITERATIONS = 600_000;
export const PIN_TRIES = 10;
export const PIN = /^\d{4,6}$/;
const CONTEXT = "profile-key";

/** A key that never leaves this browser: it can be used and stored, not read. */
export function newOwnKey(ports: With): Promise<CryptoKey> {
  return ports.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

export function profileKey(ports: With, bytes: Bytes): Promise<CryptoKey> {
  return ports.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

export async function wrapByDevice(ports: With, device: CryptoKey, bytes: Bytes): Promise<WrappedKey> {
  return { name: "profile", by: "device", wrapped: await boxBytes(ports, device, CONTEXT, bytes) };
}

export async function wrapByPin(
  ports: With,
  device: CryptoKey,
  pin: string,
  bytes: Bytes,
  iterations = PIN_ITERATIONS,
): Promise<WrappedKey> {
  const salt = ports.random(16);
  const key = await pinKey(ports, pin, salt, iterations);
  // Twice wrapped: a copy of the records alone, without this browser's own key, cannot be tried out.
  const twice = async (plain: Bytes): Promise<Encrypted> => {
    const inner = await boxBytes(ports, key, CONTEXT, plain);
    return boxBytes(ports, device, CONTEXT, new Uint8Array([...inner.iv, ...inner.data]));
  };
  const [wrapped, spare] = [await twice(bytes), await twice(ports.random(32))];
  return { name: "profile", by: "pin", wrapped, spare, salt, iterations, tries: 0 };
}

/** The profile key's bytes; null when the PIN is wrong. */
export async function unwrap(
  ports: With,
  device: CryptoKey,
  found: WrappedKey,
  pin: string | null,
): Promise<Bytes | null> {
  const outer = await unboxBytes(ports, device, CONTEXT, found.wrapped);
  if (found.by === "device") return outer;
  if (pin === null) return null;
  const key = await pinKey(ports, pin, found.salt, found.iterations);
  return unboxBytes(ports, key, CONTEXT, { iv: outer.slice(0, 12), data: outer.slice(12) }).catch(() => null);
}

async function pinKey(ports: With, pin: string, salt: Bytes, iterations: number): Promise<CryptoKey> {
  const material = await ports.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveKey"]);
  return ports.subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations },
    material,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}
