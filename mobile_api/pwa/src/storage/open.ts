/** Opening IndexedDB so that nothing waits for ever, and using it so that a lost connection is met with a second try. */
import { wrap, type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames } from "idb";
import type { Ports } from "../ports";

const OPEN_MS = 5_000;

/** One step of a schema: it may add, and for the outbox nothing else. */
export type Migration = (db: IDBDatabase, upgrade: IDBTransaction) => void;

/** Storage said no twice. `quota`: the disk or our share of it is full. */
export class StorageTrouble extends Error {
  constructor(
    readonly what: "quota" | "failed",
    cause: unknown,
  ) {
    super(what, { cause });
  }
}

export interface Store<S extends DBSchema> {
  readonly name: string;
  /** Runs with an open database; reopens and runs once more after a fault. Every `run` is one transaction. */
  use<T>(run: (db: IDBPDatabase<S>) => Promise<T>): Promise<T>;
  close(): void;
}

export function store<S extends DBSchema>(
  ports: Pick<Ports, "idb" | "after">,
  name: string,
  migrations: readonly Migration[],
): Store<S> {
  let opened: Promise<IDBPDatabase<S>> | null = null;

  function close(): void {
    const closing = opened;
    opened = null;
    void closing?.then(
      (db) => db.close(),
      () => undefined,
    );
  }

  function database(): Promise<IDBPDatabase<S>> {
    opened ??= open(ports, name, migrations).then((raw) => {
      // Another tab upgrades, or the browser closed us: let go, and open again when next needed.
      raw.onversionchange = raw.onclose = () => {
        raw.close();
        opened = null;
      };
      return wrap(raw) as unknown as IDBPDatabase<S>;
    });
    return opened;
  }

  async function use<T>(run: (db: IDBPDatabase<S>) => Promise<T>): Promise<T> {
    try {
      return await run(await database());
    } catch (first) {
      if (!isFault(first)) throw first;
      close();
      try {
        return await run(await database());
      } catch (second) {
        if (!isFault(second)) throw second;
        close();
        throw new StorageTrouble(isQuota(second) ? "quota" : "failed", second);
      }
    }
  }

  return { name, use, close };
}

/** A read-write transaction that is on the disk when it is done, not only in the system's cache. */
export function strict<S extends DBSchema>(
  db: IDBPDatabase<S>,
  names: StoreNames<S>[],
): IDBPTransaction<S, StoreNames<S>[], "readwrite"> {
  return db.transaction(names, "readwrite", { durability: "strict" });
}

export function forget(ports: Pick<Ports, "idb">, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = ports.idb.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
    request.onblocked = () => resolve(); // gone as soon as the other tab closes it
  });
}

function open(
  ports: Pick<Ports, "idb" | "after">,
  name: string,
  migrations: readonly Migration[],
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = ports.idb.open(name, migrations.length);
    let late = false;
    // Safari 14 never answers the first open of a session.
    const stop = ports.after(OPEN_MS, () => {
      late = true;
      reject(new DOMException("open timed out", "TimeoutError"));
    });
    request.onupgradeneeded = (event) => {
      for (const step of migrations.slice(event.oldVersion)) step(request.result, request.transaction!);
    };
    request.onsuccess = () => {
      stop();
      if (late) request.result.close();
      else resolve(request.result);
    };
    request.onerror = () => {
      stop();
      reject(request.error);
    };
  });
}

function isFault(error: unknown): boolean {
  return error instanceof DOMException || isQuota(error);
}
function isQuota(error: unknown): boolean {
  return (error as { name?: string } | null)?.name === "QuotaExceededError";
}
