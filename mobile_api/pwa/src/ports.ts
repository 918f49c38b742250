import { browserPage } from "./page";

/** Everything the core takes from outside, so that tests can give it other clocks, networks, locks and disks. */
export interface Zone {
  /** IANA name */
  name: string;
  /** minutes east of UTC */
  minutes: number;
}

export interface Ports {
  /** the phone's wall clock, ms since 1970; never trusted */
  now(): number;
  /** monotonic ms */
  mono(): number;
  zone(at: number): Zone;
  random(bytes: number): Uint8Array<ArrayBuffer>;
  subtle: SubtleCrypto;
  idb: IDBFactory;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Runs when nobody else holds `name`; undefined (without running) when somebody does. */
  lock<T>(name: string, run: () => Promise<T>): Promise<T | undefined>;
  /** A one-shot timer; the returned function stops it. */
  after(ms: number, run: () => void): () => void;
  page: PagePort;
}

/** The page around the core: what other tabs, the browser and the service worker say. */
export interface PagePort {
  /** Tells the other tabs of this profile; the returned function says something, `close` ends it. */
  channel(name: string, hear: (what: string) => void): { say(what: string): void; close(): void };
  /** Calls `run` when there is a reason to try to send: online, visible again, the worker asks. */
  onReason(run: (why: "online" | "visible" | "worker") => void): void;
  /** Calls `run` when nobody has touched the page for `ms`, also when it was out of sight. */
  onIdle(ms: number, run: () => void): void;
  visible(): boolean;
  installed(): boolean;
  persisted(): Promise<boolean | null>;
  persist(): Promise<boolean>;
  estimate(): Promise<{ usage: number | null; quota: number | null }>;
  /** Ask for a background sync where that exists. */
  wantBackgroundSync(): void;
  /** Register the worker; `ready` is called when another version waits. */
  watchUpdates(build: string, ready: () => void): void;
  /** Let the waiting worker take over, wait until it did, and load the page once. */
  takeOver(): Promise<void>;
}

/** The browser's own. Without Web Locks two tabs may send the same item: harmless, the server knows it by its id. */
export function browserPorts(): Ports {
  return {
    now: () => Date.now(),
    mono: () => performance.now(),
    zone: (at) => ({
      name: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
      minutes: -new Date(at).getTimezoneOffset(),
    }),
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    subtle: crypto.subtle,
    idb: indexedDB,
    fetch: (url, init) => fetch(url, init),
    lock: async (name, run) => {
      if (!navigator.locks) return run();
      return navigator.locks.request(name, { ifAvailable: true }, async (lock) => (lock ? run() : undefined));
    },
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    page: browserPage(),
  };
}
