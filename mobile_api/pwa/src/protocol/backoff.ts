const BASE_MS = 5_000;
const CAP_MS = 15 * 60_000;

/** Full jitter: a random wait up to min(15 min, 5 s × 2^tries), in ms. `random` gives random bytes. */
export function backoff(tries: number, random: (bytes: number) => Uint8Array): number {
  const most = Math.min(CAP_MS, BASE_MS * 2 ** Math.min(tries, 20));
  const [a, b, c, d] = random(4);
  const share = (((a! * 256 + b!) * 256 + c!) * 256 + d!) / 2 ** 32;
  return Math.floor(most * share);
}

/** `Retry-After` in ms: seconds or a date; null when it is absent or unreadable. At most an hour. */
export function retryAfter(value: string | null, now: number): number | null {
  if (value === null) return null;
  const found = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(found) ? Math.min(Math.max(found, 0), 3_600_000) : null;
}
