/**
 * What the screens may ask of the core, and in which shapes it answers. Screens import types from here and the one
 * function `createCore` from "./core"; they never touch IndexedDB, fetch, keys or the service worker.
 *
 * No text for people in here: codes only, the words are the screens' (src/words).
 */

/** A value with a present and a future; Svelte's `$store` syntax works with it. `subscribe` calls at once. */
export interface Live<T> {
  get(): T;
  subscribe(run: (value: T) => void): () => void;
}

export type Outcome =
  | "helped"
  | "not_home"
  | "rescheduled"
  | "refused"
  | "moved_away"
  | "no_need"
  | "no_access";
export type ResultState = "shown" | "done_with_help" | "does_alone" | "blocked" | "keeps_old_way";
/** Where a person stands with a service; eligible people only. */
export type StepState = ResultState | "unknown" | "not_started";

/**
 * - `starting`: nothing known yet.
 * - `unpaired`: no profile here and the server knows no pairing: scan the leader's code.
 * - `offline_unpaired`: no profile here and the server cannot be asked.
 * - `locked`: a PIN is needed.
 * - `open`: work.
 * - `lease_over`: too long without the server: the list is unreadable until the next contact; visits can be logged
 *   against a typed address (`addHousehold`).
 * - `ended`: the right of this phone ended: list and key are wiped; what waits can leave as a rescue file.
 * - `storage`: the browser gives no storage (private mode, or an in-app browser): read only, "open in Chrome".
 */
export type Phase =
  | "starting"
  | "unpaired"
  | "offline_unpaired"
  | "locked"
  | "open"
  | "lease_over"
  | "ended"
  | "storage";

export interface Boot {
  phase: Phase;
  me: Me | null;
}

export interface Team {
  id: string;
  name: string;
  title: string;
  contact_phone: string;
}
export interface Walk {
  id: string;
  name: string;
  doors: number;
  until: string | null;
  with: readonly string[];
}
/** Who is paired with this phone; kept for offline. */
export interface Me {
  account_id: string;
  device_id: string;
  full_name: string;
  first_name: string;
  teams: readonly Team[];
  walks: readonly Walk[];
}

export interface Reason {
  code: string;
  name: string;
  advice: string;
}
export interface Service {
  code: string;
  name: string;
  short: string;
  prerequisite: string | null;
  guide: string | null;
  min_age: number | null;
  max_age: number | null;
  household_kind: string | null;
  head_only: boolean;
  reasons: readonly Reason[];
}

/** `at`: local time "YYYY-MM-DDTHH:MM" in Vietnam. `by`: given name. `event` is set for this phone's own visits. */
export interface PastVisit {
  at: string;
  by: string;
  outcome: Outcome;
  event?: string;
  mine?: boolean;
  sent?: boolean;
}

/** What a resident of the door asked for and no visit has answered. `on`: the evening that the leader named. */
export interface HelpAsked {
  id: string;
  at: string;
  suits: "tonight" | "evenings" | "weekend" | "daytime";
  services: readonly string[];
  place: string;
  phone: string;
  on: string | null;
}

export interface DoorShort {
  id: string;
  walk: string | null;
  pos: number | null;
  alley: string;
  address: string;
  code: string;
  /** whom to ask for, often empty: "chị Hoa" is what the row holds as head of the household */
  head: string;
  people: number;
  /** service code → how many people still have it open, in the services' order; blocked ones are open, too */
  open: readonly { service: string; n: number }[];
  openCount: number;
  last: PastVisit | null;
  /** absent visits in a row at the end, at most 5 */
  absentInRow: number;
  appointment: string | null;
  /** oldest first */
  help: readonly HelpAsked[];
  /** visited today (Vietnam's day), by whomever */
  visitedToday: boolean;
  /** visited today, or nothing is open and nobody asked for help; a request that waits is never done */
  done: boolean;
  /** events of this phone for this door that wait to be sent, or were refused */
  waiting: number;
  attention: number;
  stub: boolean;
  /** whom to visit first, as the leader says; never why */
  mark: "first" | "asked_home" | "call_first" | null;
  state: "active" | "moved_away" | "vacant";
  /** the leader gave it to somebody else while something waited here: only shown beside the waiting item */
  leaving: boolean;
  /** lower case, without diacritics: address, code, alley, names */
  search: string;
}

export interface Person {
  id: string;
  n: number;
  name: string;
  born: number | null;
  relation: string;
  state: string;
  /** service code → where this person stands, eligible services only */
  steps: Readonly<Record<string, StepState>>;
}

export interface DoorDetail extends DoorShort {
  v: number | null;
  /** last three digits only: "•••123" */
  phone: string;
  kind: string;
  persons: readonly Person[];
  visits: readonly PastVisit[];
  items: readonly OutboxItem[];
}

/**
 * - `waiting`: saved on this phone.
 * - `sending`: in a request now.
 * - `sent`: the server has it since `at` (server time).
 * - `attention`: will never succeed (`reason`), or belongs to another login (`wrong_author`).
 */
export type ItemState = "waiting" | "sending" | "sent" | "attention";
export interface OutboxItem {
  id: string;
  household: string;
  /** the address as it was known when the event was made, "" when unknown */
  address: string;
  kind: "visit" | "correction" | "household_add" | "resident_add";
  outcome: Outcome | null;
  made: string;
  state: ItemState;
  /** ISO, server time; only when sent */
  at: string | null;
  /** result code of the server, or null: accepted, accepted_out_of_scope, accepted_redacted, wrong_author, … */
  code: string | null;
  /** of an invalid item: bad_schema, unknown_service, … */
  reason: string | null;
  corrects: string | null;
  /** this visit was taken back or replaced by a later event of this phone */
  superseded: boolean;
  tries: number;
  /** the code of a visit's slip: ten characters, made from its hash; "" for what is no visit */
  slip: string;
}

export interface OutboxView {
  /** chờ gửi / đã gửi / cần xem; re-offered items are not counted as waiting */
  waiting: number;
  sent: number;
  attention: number;
  /** of the oldest waiting item, seconds; null when nothing waits. Amber from 86,400, red from 259,200 */
  oldestWaitingS: number | null;
  /** newest first: waiting, attention, then what was sent in the last 30 days */
  items: readonly OutboxItem[];
}

export type SyncState = "idle" | "running" | "offline" | "waiting" | "blocked";
/**
 * Why the last cycle did not end well: `network` (no reply, a captive portal, a cut reply), `server` (5xx),
 * `sign_in` (pair again), `revoked`, `upgrade` (too old to pull; pushing goes on), `other_history`, `storage`, `diverged`.
 */
export type SyncProblem =
  | "network"
  | "server"
  | "busy"
  | "sign_in"
  | "revoked"
  | "upgrade"
  | "storage"
  | "diverged"
  | null;

export interface Status {
  phase: Phase;
  me: Me | null;
  sync: SyncState;
  problem: SyncProblem;
  /** ISO, server time of the last good contact */
  lastContact: string | null;
  /** every stream was completely loaded once: it is safe to go offline */
  ready: boolean;
  progress: { done: number; total: number };
  /** how many rows came so far while the first list is loading; null when it is not */
  loading: { rows: number } | null;
  lease: { ends: string; daysLeft: number } | null;
  pin: { set: boolean; triesLeft: number };
  storage: {
    persisted: boolean | null;
    installed: boolean;
    usageBytes: number | null;
    quotaBytes: number | null;
    /** the last write failed for lack of space, or the browser lost the database */
    trouble: "quota" | "failed" | null;
    /** an event that could not be written and is held in memory only: show the red banner, block leaving */
    unsaved: number;
    /** at most 20 unsent visits while not installed and not persisted; null: no limit */
    limit: number | null;
  };
  /**
   * only of a phone that was stopped: how many visits were unsent then, whether the server has them all now and
   * nothing is left here, and whom to call.
   */
  leaving: { waiting: number; handedOver: boolean; team: string; phone: string } | null;
  /** the phone's clock minus the server's, ms; null: never measured. Warn from 5 minutes */
  clockOffMs: number | null;
  app: { build: string; updateReady: boolean };
  /** the server will soon send lists that this app cannot read; nothing is refused yet */
  outdated: boolean;
  /** too many doors differ from the server's list in spite of a fresh load */
  diverged: boolean;
}

export interface VisitResult {
  resident: string;
  service: string;
  state: ResultState;
  reason?: string | null;
}
export interface Consent {
  purpose: string;
  given: boolean;
  text_version: string;
  how: string;
}
/** `on` "YYYY-MM-DD", `at` "HH:MM". */
export interface Appointment {
  on: string;
  at?: string;
}
export interface VisitDraft {
  household: string;
  outcome: Outcome;
  results?: readonly VisitResult[];
  appointment?: Appointment;
  note?: string;
  consents?: readonly Consent[];
  /** `performance.now()` when the visit screen was opened */
  opened?: number;
}
export interface NewPerson {
  birth_year?: number;
  sex?: "male" | "female";
  relation?: string;
  name?: string;
}
export interface HouseholdDraft {
  address: string;
  kind?: "household" | "business_household";
  residents?: readonly NewPerson[];
}

/**
 * `saved`: the strict transaction is complete; only now say "Đã lưu".
 * `unsaved`: storage refused twice; the event is held in memory (status.storage.unsaved), offer the rescue file.
 * `limit`: 20 unsent visits while the phone may throw storage away: install, or send first.
 * `draft`: the draft is not right: `problem` says why (checkDraft says the same before saving).
 */
export type Saved =
  | { ok: true; id: string; household: string }
  | { ok: false; why: "unsaved"; id: string; household: string; trouble: "quota" | "failed" }
  | { ok: false; why: "limit" }
  | { ok: false; why: "draft"; problem: DraftProblem }
  | { ok: false; why: "closed" };
export type DraftProblem =
  | "note_long"
  | "note_digits"
  | "appointment"
  | "too_large"
  | "address"
  | "name_digits"
  | "birth_year"
  | "nobody";

export type Unlocked = { ok: true } | { ok: false; triesLeft: number } | { ok: false; wiped: true };
export interface RescueFile {
  name: string;
  blob: Blob;
  items: number;
  /** false while the server has no key for sealed items: the file then holds readable text, say so */
  sealed: boolean;
}

export interface Core {
  readonly status: Live<Status>;
  /** walking order: walk, position, then address; leaving doors excepted */
  readonly doors: Live<readonly DoorShort[]>;
  readonly outbox: Live<OutboxView>;
  readonly services: Live<readonly Service[]>;

  /** Open the profile, show what is on the phone, then sync in the background. Never rejects. */
  start(): Promise<Boot>;
  /** One door, live; null when this phone does not hold it. */
  door(id: string): Live<DoorDetail | null>;
  /** A door by its household code or by the token of its QR; null when this phone does not hold it. */
  findByCode(code: string): DoorShort | null;

  checkNote(text: string): DraftProblem | null;
  checkDraft(draft: VisitDraft): DraftProblem | null;
  saveVisit(draft: VisitDraft): Promise<Saved>;
  /** Several doors at once ("vắng nhà"): all or none, in one strict transaction. */
  saveVisits(drafts: readonly VisitDraft[]): Promise<readonly Saved[]>;
  /** Take a visit back, as a new event; nothing ever leaves the outbox by hand. */
  undo(id: string): Promise<Saved>;
  correct(id: string, draft: VisitDraft): Promise<Saved>;
  /** The visit as it was made, to fill the form for a correction. */
  draftOf(id: string): Promise<VisitDraft | null>;
  addHousehold(draft: HouseholdDraft): Promise<Saved>;
  addResidents(household: string, residents: readonly NewPerson[]): Promise<Saved>;

  syncNow(): Promise<SyncProblem>;

  /** Ask the browser to keep our storage; call it inside the gesture "save". */
  askPersistence(): Promise<boolean>;
  /** 4–6 digits; `old` when one is set. Rejects nothing: false when `old` is wrong. */
  setPin(pin: string, old?: string): Promise<boolean>;
  clearPin(old: string): Promise<boolean>;
  lock(): void;
  unlock(pin: string): Promise<Unlocked>;
  /** Ends the pairing when nothing waits; locks instead when something does (or a rescue file was exported: `force`). */
  signOut(force?: boolean): Promise<"signed_out" | "locked" | "offline">;
  rescueFile(): Promise<RescueFile>;
  /** Try again to write what is held in memory. */
  retryUnsaved(): Promise<boolean>;

  /** Use the waiting version: takes over, waits for it, loads the page once. Call between visits only. */
  applyUpdate(): Promise<void>;

  /** Small packs for offline (guides, badge): encrypted with the profile key, in the cache. JSON values only. */
  remember(name: string, value: unknown): Promise<void>;
  recall<T>(name: string): Promise<T | null>;
  /** A GET of our own API with the phone's headers and the 60 s limit; null when there was no proper JSON reply. */
  get<T>(path: string, etag?: string): Promise<{ status: number; etag: string | null; body: T | null } | null>;
  /** A POST without a body, with the same rules. */
  post<T>(path: string): Promise<{ status: number; body: T | null } | null>;
}
