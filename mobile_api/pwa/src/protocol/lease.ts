const DAY_MS = 86_400_000;

export interface Lease {
  /** server time of the last contact, ms */
  serverTime: number;
  days: number;
  /** the highest clock this phone has shown, ms: turning it back extends nothing */
  highestClock: number;
  /** server minus phone at the last contact, ms */
  offset: number;
}

/** The end of the lease, in server time. */
export function leaseEnd(lease: Lease): number {
  return lease.serverTime + lease.days * DAY_MS;
}

/** True when the server has not been reached for too long, as far as this phone's clock can tell. */
export function leaseOver(lease: Lease, now: number): boolean {
  return Math.max(now, lease.highestClock) + lease.offset > leaseEnd(lease);
}
