/** The rotating code on the badge: made here, by the server's clock, without a network. */
import { badgeKey, liveToken, secondsLeft, stepAt } from "../protocol/badge";
import { fromBase64url } from "../protocol/bytes";
import type { Symbol } from "../components/Qr.svelte";
import type { BadgeSecret } from "./packs.svelte";

const TICK_MS = 500;
// Two modules more are the white of the card around it: the code itself shall be as large as the screen allows.
const QUIET_ZONE = 2;

export interface Shown {
  symbol: Symbol | null;
  left: number;
}

/**
 * Calls `show` with the code of this moment until the returned function is called. `offset` gives the phone's clock
 * minus the server's, ms. While the screen is open the steady clock counts on: somebody who sets the phone's clock
 * meanwhile changes nothing.
 */
export function rotate(secret: BadgeSecret, offset: () => number, show: (shown: Shown) => void): () => void {
  let anchor = { server: 0, mono: 0, offset: Number.NaN };
  let step = -1;
  let symbol: Symbol | null = null;
  let stopped = false;
  const key = badgeKey(crypto.subtle, fromBase64url(secret.secret));

  const settle = (): void => {
    const off = offset();
    anchor = { server: Date.now() - off, mono: performance.now(), offset: off };
  };
  const tick = async (): Promise<void> => {
    if (anchor.offset !== offset()) settle();
    const now = anchor.server + performance.now() - anchor.mono;
    const wanted = stepAt(now);
    if (wanted !== step) {
      step = wanted;
      const token = await liveToken(crypto.subtle, await key, secret.handle, wanted);
      symbol = await draw(secret.address + token);
    }
    if (!stopped) show({ symbol, left: secondsLeft(now) });
  };
  // The steady clock may stand still while the phone sleeps.
  const woken = (): void => {
    if (document.visibilityState === "visible") {
      settle();
      void tick();
    }
  };
  settle();
  void tick();
  const timer = setInterval(() => void tick(), TICK_MS);
  document.addEventListener("visibilitychange", woken);
  return () => {
    stopped = true;
    clearInterval(timer);
    document.removeEventListener("visibilitychange", woken);
  };
}

/** A symbol of level M: a screen is never torn or stained, and larger modules are worth more there. */
export async function draw(url: string): Promise<Symbol> {
  const { encodeQR } = await import("qr");
  const rows = encodeQR(url, "raw", { ecc: "medium", border: QUIET_ZONE });
  const runs = rows.flatMap((row, y) =>
    row.flatMap((dark, x) => {
      if (!dark || row[x - 1]) return [];
      const end = row.indexOf(false, x);
      return [`M${x} ${y}h${(end < 0 ? row.length : end) - x}v1H${x}z`];
    }),
  );
  return { url, side: rows.length, path: runs.join("") };
}
