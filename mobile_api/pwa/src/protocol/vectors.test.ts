/** The phone's side of the vectors that tests/phone/test_vectors.py reads, too. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { random, subtle } from "../testing/world";
import { seal, type Fact, type Moment } from "./core";
import { digest, type Versioned } from "./digest";
import { moveFor, readPushReply, type Result } from "./push";

interface Vectors {
  cores: { name: string; fact: Fact; moment: Moment; salt_hex: string; text: string; sha256: string }[];
  digests: { name: string; rows: Versioned[]; sha256: string }[];
  sent: string[];
  push_replies: { name: string; body: unknown; reply: boolean }[];
  results: { result: Omit<Result, "id">; to: string }[];
}
const path = new URL("../../../../tests/vectors/sync/phone.json", import.meta.url);
const vectors = JSON.parse(readFileSync(path, "utf8")) as Vectors;

describe("cores", () => {
  it.each(vectors.cores)("$name", async ({ fact, moment, salt_hex, text, sha256 }) => {
    const salt = new Uint8Array(salt_hex.match(/../g)!.map((byte) => Number.parseInt(byte, 16)));
    expect(await seal(subtle, fact, moment, salt)).toEqual({ core: text, sha256 });
  });
});

describe("digests", () => {
  it.each(vectors.digests)("$name", async ({ rows, sha256 }) => {
    expect(await digest(subtle, rows)).toBe(sha256);
  });
});

describe("push replies", () => {
  it.each(vectors.push_replies)("$name", ({ body, reply }) => {
    expect(readPushReply(body, vectors.sent.map((id) => ({ id }))) !== null).toBe(reply);
  });
});

describe("results", () => {
  it.each(vectors.results)("$result.code $result.was", ({ result, to }) => {
    const item = { id: vectors.sent[0]!, order: 1, tries: 0, next_try_at: 0 };
    expect(moveFor({ id: item.id, ...result }, item, 0, random).to).toBe(to);
  });
});
