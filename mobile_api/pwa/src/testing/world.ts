/** For the unit tests: a phone with its own disk and clock, and a server that keeps the rules of the protocol. */
import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { webcrypto } from "node:crypto";
import type { PagePort, Ports } from "../ports";
import { digest } from "../protocol/digest";
import { sha256 } from "../protocol/bytes";
import { uuid7 } from "../protocol/ids";

export const subtle = webcrypto.subtle as unknown as SubtleCrypto;
export const random = (bytes: number): Uint8Array<ArrayBuffer> => webcrypto.getRandomValues(new Uint8Array(bytes));
export const START = Date.parse("2026-11-21T12:31:00Z");
export const newId = (): string => uuid7(START, random);

const quietPage: PagePort = {
  channel: () => ({ say: () => undefined, close: () => undefined }),
  onReason: () => undefined,
  onIdle: () => undefined,
  visible: () => false,
  installed: () => true,
  persisted: async () => true,
  persist: async () => true,
  estimate: async () => ({ usage: 0, quota: 1e9 }),
  wantBackgroundSync: () => undefined,
  watchUpdates: () => undefined,
  takeOver: async () => undefined,
};

export interface TestPorts extends Ports {
  clock: { now: number };
}

/** Ports over one disk; several tabs share `idb`. Timers never fire by themselves. */
export function testPorts(fetch: Ports["fetch"], idb: IDBFactory = new IDBFactory(), clock = { now: START }): TestPorts {
  const held = new Set<string>();
  return {
    clock,
    now: () => clock.now,
    mono: () => clock.now,
    zone: () => ({ name: "Asia/Ho_Chi_Minh", minutes: 420 }),
    random,
    subtle,
    idb,
    fetch,
    lock: async (name, run) => {
      if (held.has(name)) return undefined;
      held.add(name);
      try {
        return await run();
      } finally {
        held.delete(name);
      }
    },
    after: () => () => undefined,
    page: quietPage,
  };
}

interface Held {
  kind: string;
  v: number;
  seq: number;
  data: Record<string, unknown>;
  visible: boolean;
}
type Answer = { status: number; type?: string; body: string };

/** A small server: events by id and hash, one team stream, an epoch, and faults that a test asks for. */
export class Server {
  epoch = newId();
  account = newId();
  device = newId();
  readonly team = newId();
  gen = 1;
  n = 0;
  horizon = 0;
  revoked = false;
  /** the softer minimum is above what the app speaks */
  outdated = false;
  /** how often a phone that was shut out said that it holds nothing any more */
  wiped = 0;
  /** milliseconds that the server's clock is ahead of the phone's */
  ahead = 0;
  events = new Map<string, { sha256: string; core: string; times: number }>();
  rows = new Map<string, Held>();
  requests: { path: string; body: Record<string, unknown> | null }[] = [];
  /** Looks at every request first; an answer replaces the server's, null cuts the line, undefined lets it pass. */
  fault: (path: string, body: Record<string, unknown> | null) => Answer | null | undefined = () => undefined;
  /** Runs after the server did its work: "lost" means that the reply never arrives. */
  reply: (path: string) => "fine" | "lost" = () => "fine";
  result: (item: { id: string; core: string }) => Record<string, unknown> | null = () => null;
  clock: { now: number } = { now: START };

  touch(id: string, data: Record<string, unknown> = {}, visible = true): void {
    const before = this.rows.get(id);
    this.rows.set(id, { kind: "household", v: (before?.v ?? 0) + 1, seq: ++this.n, data, visible });
  }

  fetch = async (path: string, init: RequestInit): Promise<Response> => {
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as Record<string, unknown>) : null;
    this.requests.push({ path, body });
    const fault = this.fault(path, body);
    if (fault === null) throw new TypeError("Failed to fetch");
    const answer = fault ?? (await this.answer(path, body));
    if (fault === undefined && this.reply(path) === "lost") throw new TypeError("Failed to fetch");
    return new Response(answer.status === 204 ? null : answer.body, {
      status: answer.status,
      headers: { "Content-Type": answer.type ?? "application/json" },
    });
  };

  private async answer(path: string, body: Record<string, unknown> | null): Promise<Answer> {
    if (this.revoked && path.endsWith("/quarantine")) return this.push(body!, "quarantined");
    if (this.revoked && path.endsWith("/wiped")) return { status: 204, body: String((this.wiped += 1)) };
    if (this.revoked) return json(403, { code: "revoked" });
    if (path.endsWith("/me")) return json(200, this.me());
    if (path.endsWith("/reference")) return json(200, { services: [] });
    if (path.endsWith("/sign-out")) return { status: 204, body: "" };
    if (path.endsWith("/push")) return this.push(body!);
    return this.pull(body!);
  }

  private time(): string {
    return new Date(this.clock.now + this.ahead).toISOString();
  }

  me(): Record<string, unknown> {
    return {
      account_id: this.account,
      device_id: this.device,
      full_name: "Nguyễn Văn Minh",
      first_name: "Minh",
      teams: [{ id: this.team, name: "Tổ 5", title: "Tình nguyện viên", contact_phone: "0900 000 000" }],
      walks: [],
      streams: [],
      lease_days: 7,
      epoch: this.epoch,
      server_time: this.time(),
    };
  }

  private async push(body: Record<string, unknown>, code = "accepted"): Promise<Answer> {
    if (body["epoch"] !== this.epoch) return json(409, { code: "epoch", epoch: this.epoch });
    const results = [];
    for (const item of body["items"] as { id: string; sha256: string; core: string; redacted?: unknown }[]) {
      const told = this.result(item);
      if (told) {
        results.push({ id: item.id, ...told });
        continue;
      }
      const known = this.events.get(item.id);
      if (item.redacted) {
        this.events.set(item.id, { sha256: item.sha256, core: JSON.stringify(item.redacted), times: (known?.times ?? 0) + 1 });
        results.push({ id: item.id, code: "accepted_redacted" });
      } else if ((await sha256(subtle, item.core)) !== item.sha256) results.push({ id: item.id, code: "invalid", reason: "bad_hash" });
      else if (known && known.sha256 !== item.sha256) results.push({ id: item.id, code: "id_conflict" });
      else if (known) {
        known.times += 1;
        results.push({ id: item.id, code: "duplicate", was: code, v: 2 });
      } else {
        this.events.set(item.id, { sha256: item.sha256, core: item.core, times: 1 });
        results.push({ id: item.id, code, v: 2 });
      }
    }
    return json(200, { proto: 1, epoch: this.epoch, server_time: this.time(), n: results.length, results });
  }

  /** events that were erased here: told in the author's own stream, by id alone */
  erased: string[] = [];
  /** The pages of the two streams; `limit` is the server's own, small, so that paging happens always. */
  limit = 2;
  private async pull(body: Record<string, unknown>): Promise<Answer> {
    const own = body["stream"] === `user:${this.account}`;
    const held: [string, Held][] = own
      ? [[this.team, { kind: "stream", v: this.gen, seq: this.gen, data: { stream: `team:${this.team}`, role: "member", gen: this.gen }, visible: true }],
          ...this.erased.map((id, at): [string, Held] => [id, { kind: "event", v: 0, seq: this.gen + at + 1, data: {}, visible: false }])]
      : [...this.rows];
    const n = own ? this.gen + this.erased.length : this.n;
    const gen = own ? 1 : this.gen;
    const asked = body["cursor"] as number | null;
    const reason =
      asked === null ? "first" : body["epoch"] !== this.epoch ? "epoch" : body["gen"] !== gen ? "gen" : asked > n ? "ahead" : null;
    const cursor = reason ? 0 : asked!;
    const head = reason ? n : (body["snapshot_head"] as number | null);
    const due = held
      .filter(([, row]) => row.seq > cursor && (row.visible || head === null || row.seq > head))
      .sort((a, b) => a[1].seq - b[1].seq);
    const page = due.slice(0, this.limit);
    const more = due.length > this.limit;
    const visible = held.filter(([, row]) => row.visible);
    const rows = visible.map(([id, row]) => ({ kind: row.kind, id, v: row.v }));
    return json(200, {
      proto: 1,
      epoch: this.epoch,
      server_time: this.time(),
      stream: body["stream"],
      gen,
      reset: reason !== null,
      reset_reason: reason,
      rows: page.map(([id, row]) =>
        row.visible ? { kind: row.kind, id, v: row.v, data: row.data } : { kind: row.kind, id, deleted: true },
      ),
      next_cursor: more ? page.at(-1)![1].seq : n,
      snapshot_head: more ? head : null,
      more,
      scope_count: more ? null : rows.length,
      scope_digest: more ? null : await digest(subtle, rows),
      ...(this.outdated ? { outdated: true } : {}),
    });
  }
}

export const json = (status: number, body: unknown): Answer => ({ status, body: JSON.stringify(body) });
export const portal: Answer = { status: 200, type: "text/html", body: "<h1>Bấm để vào mạng</h1>" };
