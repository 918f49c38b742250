import { describe, expect, it } from "vitest";
import type { Person, Service } from "../contract";
import { answerKey, draftOf, emptyForm, formOf, offered, touched } from "./form";
import { bold, plain } from "./marks";
import { blank, personOf } from "./people";
import { readCode } from "./scanned";

describe("the visit's form", () => {
  it("writes down only what belongs to the outcome", () => {
    const form = emptyForm(5);
    form.answers[answerKey("r1", "eid_level_2")] = { state: "blocked", reason: "otp_not_received" };
    form.answers[answerKey("r1", "cashless")] = { state: "shown", reason: null };
    form.on = "2026-11-22";
    form.note = "  cửa xanh ";
    form.consents = { data: false };
    expect(draftOf("h", form, "helped")).toEqual({
      household: "h",
      outcome: "helped",
      opened: 5,
      results: [
        { resident: "r1", service: "eid_level_2", state: "blocked", reason: "otp_not_received" },
        { resident: "r1", service: "cashless", state: "shown" },
      ],
      appointment: { on: "2026-11-22" },
      note: "cửa xanh",
      consents: [{ purpose: "data", given: false, text_version: "2026-11-21", how: "voice" }],
    });
    expect(draftOf("h", form, "moved_away")).not.toHaveProperty("appointment");
    expect(draftOf("h", form, "not_home")).not.toHaveProperty("results");
  });

  it("comes back from what was saved", () => {
    const form = emptyForm(1);
    form.outcome = "helped";
    form.answers[answerKey("r1", "cashless")] = { state: "does_alone", reason: null };
    form.on = "2026-11-22";
    form.at = "19:30";
    form.consents = { help: true };
    expect(formOf(draftOf("h", form, "helped"), 1)).toEqual(form);
  });

  it("knows when leaving would lose something", () => {
    expect(touched(emptyForm(0))).toBe(false);
    expect(touched({ ...emptyForm(0), note: "a" })).toBe(true);
    expect(touched({ ...emptyForm(0), outcome: "refused" })).toBe(true);
  });

  it("puts open services first, in their order, and eligible ones only", () => {
    const service = (code: string) => ({ code }) as Service;
    const person = { steps: { b: "does_alone", c: "not_started", d: "blocked" } } as unknown as Person;
    const found = offered(person, ["a", "b", "c", "d"].map(service));
    expect(found.map((each) => [each.service.code, each.open])).toEqual([["c", true], ["d", true], ["b", false]]);
  });
});

describe("small readers", () => {
  it("takes only what was typed of a person", () => {
    expect(personOf(blank())).toBeNull();
    expect(personOf({ ...blank(), born: "1958", relation: "chủ hộ" })).toEqual({ birth_year: 1958, relation: "chủ hộ" });
    expect(personOf({ ...blank(), born: "19x8" })?.birth_year).toBeNaN();
  });

  it("tells our addresses from what was typed", () => {
    expect(readCode("HTTPS://ABCD.VN/H/7K3QX9ZP2M")).toEqual({ kind: "household", token: "7K3QX9ZP2M" });
    expect(readCode("https://abcd.vn/g/7k3qx9zp2m").kind).toBe("guide");
    expect(readCode(" h 12-17 ")).toEqual({ kind: "typed", token: "H1217" });
  });

  it("reads **bold**, and says it without marks", () => {
    expect(bold("bấm **“Gửi”** rồi")).toEqual([
      { text: "bấm ", strong: false },
      { text: "“Gửi”", strong: true },
      { text: " rồi", strong: false },
    ]);
    expect(plain("Một **hai**\nba")).toBe("Một hai ba");
  });
});
