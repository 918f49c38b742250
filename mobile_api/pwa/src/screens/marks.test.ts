import { describe, expect, it } from "vitest";
import { bold, plain } from "./marks";

describe("the marks of a guide", () => {
  it("are bold words, links to guides, and nothing else", () => {
    expect(bold("Bấm **“Gửi”** rồi [Đổi máy](/huong-dan/doi-may-moi).")).toEqual([
      { text: "Bấm ", strong: false },
      { text: "“Gửi”", strong: true },
      { text: " rồi ", strong: false },
      { text: "Đổi máy", strong: false, to: "/huong-dan/doi-may-moi" },
      { text: ".", strong: false },
    ]);
    expect(bold("[ra ngoài](https://evil.example/)")).toEqual([{ text: "ra ngoài", strong: false }]);
    expect(bold("2 * 3 ** 4")).toEqual([{ text: "2 * 3 ** 4", strong: false }]);
  });

  it("are not read aloud", () => {
    expect(plain("Bấm **Gửi**.\nLàm bài [Quên mật mã](/huong-dan/quen-mat-ma).")).toBe("Bấm Gửi. Làm bài Quên mật mã.");
  });
});
