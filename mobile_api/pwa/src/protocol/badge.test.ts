/** The phone's side of tests/vectors/sync/badge.json; tests/phone/test_vectors.py is the server's. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { subtle } from "../testing/world";
import { badgeKey, liveToken, secondsLeft, stepAt } from "./badge";
import { fromBase64url } from "./bytes";

interface Vector {
  secret: string;
  handle: string;
  seconds: number;
  step: number;
  token: string;
}
const path = new URL("../../../../tests/vectors/sync/badge.json", import.meta.url);
const vectors = (JSON.parse(readFileSync(path, "utf8")) as { codes: Vector[] }).codes;

it.each(vectors)("at $seconds", async ({ secret, handle, seconds, step, token }) => {
  const key = await badgeKey(subtle, fromBase64url(secret));
  expect(key.extractable).toBe(false);
  expect(stepAt(seconds * 1000)).toBe(step);
  expect(await liveToken(subtle, key, handle, step)).toBe(token);
});

it("counts down to the next half minute", () => {
  expect(secondsLeft(0)).toBe(30);
  expect(secondsLeft(29_001)).toBe(1);
  expect(secondsLeft(30_000)).toBe(30);
});
