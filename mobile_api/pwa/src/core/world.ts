/** What the parts of the core share: one opened profile and the live values that the screens watch. */
import type { DoorDetail, DoorShort, OutboxView, Service, Status } from "../contract";
import type { Ports } from "../ports";
import type { ProfilesSchema } from "../storage/schema";
import type { Store } from "../storage/open";
import { fullPace, type Pace } from "../sync/push";
import type { DoorRow } from "./doors";
import type { Event, Opened } from "./events";
import { live, type Settable } from "./live";
import { profileList, type Session } from "./profile";

/** An event that storage refused: sealed already, so that a later try writes exactly the same. */
export interface Unsaved {
  id: string;
  sha256: string;
  core: string;
  created: number;
}

export interface World {
  ports: Ports;
  build: string;
  list: Store<ProfilesSchema>;
  session: Session | null;
  rows: Map<string, DoorRow>;
  events: Event[];
  opened: Opened;
  sending: ReadonlySet<string>;
  unsaved: Unsaved[];
  pace: Pace;
  /** the rescue file was made since the last new event */
  rescued: boolean;
  status: Settable<Status>;
  doors: Settable<readonly DoorShort[]>;
  details: Settable<ReadonlyMap<string, DoorDetail>>;
  outbox: Settable<OutboxView>;
  services: Settable<readonly Service[]>;
  say(what: "outbox" | "rows" | "profile"): void;
}

const FIRST: Status = {
  phase: "starting",
  me: null,
  sync: "idle",
  problem: null,
  lastContact: null,
  ready: false,
  progress: { done: 0, total: 0 },
  loading: null,
  lease: null,
  pin: { set: false, triesLeft: 0 },
  storage: {
    persisted: null,
    installed: false,
    usageBytes: null,
    quotaBytes: null,
    trouble: null,
    unsaved: 0,
    limit: null,
  },
  leaving: null,
  clockOffMs: null,
  app: { build: "", updateReady: false },
  outdated: false,
  diverged: false,
};

export function makeWorld(ports: Ports, build: string): World {
  return {
    ports,
    build,
    list: profileList(ports),
    session: null,
    rows: new Map(),
    events: [],
    opened: new Map(),
    sending: new Set(),
    unsaved: [],
    pace: fullPace(),
    rescued: false,
    status: live<Status>({ ...FIRST, app: { build, updateReady: false } }),
    doors: live<readonly DoorShort[]>([]),
    details: live<ReadonlyMap<string, DoorDetail>>(new Map()),
    outbox: live<OutboxView>({ waiting: 0, sent: 0, attention: 0, oldestWaitingS: null, items: [] }),
    services: live<readonly Service[]>([]),
    say: () => undefined,
  };
}

export function patch(world: World, change: Partial<Status>): void {
  world.status.update((status) => ({ ...status, ...change }));
}
export function patchStorage(world: World, change: Partial<Status["storage"]>): void {
  world.status.update((status) => ({ ...status, storage: { ...status.storage, ...change } }));
}
