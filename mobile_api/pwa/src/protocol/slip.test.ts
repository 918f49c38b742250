import { expect, it } from "vitest";
import { slipCode } from "./slip";

it("is the first fifty bits of the hash, as the server spells them", () => {
  expect(slipCode("ff".repeat(32))).toBe("ZZZZZZZZZZ");
  expect(slipCode("00".repeat(32))).toBe("0000000000");
  // tests/help/test_slips.py holds the same pair
  expect(slipCode("0123456789abcdef" + "0".repeat(48))).toBe("04HMASW9NF");
});
