/** The browser's page, tabs and service worker behind the PagePort. */
import type { PagePort } from "./ports";

const WORKER = "/m/sw.js";
const SCOPE = "/m/";
const SYNC_TAG = "gocua-outbox";
const UPDATE_EVERY_MS = 30 * 60_000;

type SyncRegistration = ServiceWorkerRegistration & { sync?: { register(tag: string): Promise<void> } };

export function browserPage(): PagePort {
  return {
    channel(name, hear) {
      if (typeof BroadcastChannel === "undefined") return { say: () => undefined, close: () => undefined };
      const channel = new BroadcastChannel(name);
      channel.onmessage = (event) => hear(String(event.data));
      return { say: (what) => channel.postMessage(what), close: () => channel.close() };
    },
    onReason(run) {
      addEventListener("online", () => run("online"));
      document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && run("visible"));
      addEventListener("pageshow", (event) => (event as PageTransitionEvent).persisted && run("visible"));
      navigator.serviceWorker?.addEventListener("message", (event) => event.data === "sync" && run("worker"));
    },
    onIdle(ms, run) {
      let touched = Date.now();
      let timer = 0;
      const arm = (): void => {
        clearTimeout(timer);
        touched = Date.now();
        timer = window.setTimeout(run, ms);
      };
      for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, arm, { passive: true });
      // Timers sleep with the phone: what counts is how long it was.
      document.addEventListener("visibilitychange", () => {
        if (document.visibilityState === "visible" && Date.now() - touched > ms) run();
      });
      arm();
    },
    visible: () => document.visibilityState === "visible",
    installed: () =>
      matchMedia("(display-mode: standalone)").matches || (navigator as { standalone?: boolean }).standalone === true,
    persisted: async () => (await navigator.storage?.persisted?.().catch(() => null)) ?? null,
    persist: async () => (await navigator.storage?.persist?.().catch(() => false)) ?? false,
    async estimate() {
      const found = await navigator.storage?.estimate?.().catch(() => null);
      return { usage: found?.usage ?? null, quota: found?.quota ?? null };
    },
    wantBackgroundSync() {
      void navigator.serviceWorker?.ready
        .then((registration) => (registration as SyncRegistration).sync?.register(SYNC_TAG))
        .catch(() => undefined); // a bonus: the page sends by itself
    },
    watchUpdates(build, ready) {
      void watch(build, ready).catch(() => undefined); // without a worker the app works online
    },
    takeOver,
  };
}

async function watch(build: string, ready: () => void): Promise<void> {
  if (!navigator.serviceWorker) return;
  const registration = await navigator.serviceWorker.register(WORKER, { scope: SCOPE, updateViaCache: "none" });
  // The first worker of all is no update: there is no older page it could disturb.
  const seen = (): void => void (registration.waiting && registration.active && ready());
  seen();
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", seen);
  });
  const look = async (): Promise<void> => {
    const found = await fetch("/m/version.json", { cache: "no-store" })
      .then((reply) => reply.json() as Promise<{ build?: string }>)
      .catch(() => null);
    if (found?.build && found.build !== build) await registration.update().catch(() => undefined);
    seen();
  };
  await look();
  setInterval(() => document.visibilityState === "visible" && void look(), UPDATE_EVERY_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void look());
}

async function takeOver(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration(SCOPE);
  const waiting = registration?.waiting;
  if (!waiting) return;
  // Loading before the new worker controls would show the old shell with the new one's files.
  const taken = new Promise<void>((resolve) =>
    navigator.serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true }),
  );
  waiting.postMessage("take-over");
  await taken;
  location.reload();
}
