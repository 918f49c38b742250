import { describe, expect, it } from "vitest";
import { en } from "./en";
import { fill } from "./index.svelte";
import { vi } from "./vi";

const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)/g)].map((match) => match[1]))].sort();

describe("words", () => {
  it("has both languages for every key, with the same values", () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(vi).sort());
    for (const key of Object.keys(vi) as (keyof typeof vi)[]) {
      expect(en[key].trim(), key).not.toBe("");
      expect(names(en[key]), key).toEqual(names(vi[key]));
    }
  });

  it("speaks English without Vietnamese letters, names and examples excepted", () => {
    const kept = new Set(["app", "add.address.how", "language"]);
    const odd = Object.entries(en).filter(([key, text]) => !kept.has(key) && /[ăâđêôơưạảãấầẩậắằặẹếềểệỉịọốồổộớờợụứừựỳỹ]/i.test(text));
    expect(odd).toEqual([]);
  });

  it("fills in values and chooses by number", () => {
    expect(fill("{n} {n|door|doors}", { n: 1 })).toBe("1 door");
    expect(fill("{n} {n|door|doors}, {who}", { n: 2, who: "Minh" })).toBe("2 doors, Minh");
    expect(fill("{n} hộ", { n: 1300 })).toBe("1.300 hộ");
    expect(fill("{missing}", {})).toBe("{missing}");
  });
});
