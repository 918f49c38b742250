/** The words of the screens: `t("key", {n: 3})`. Vietnamese is the source; English comes when it is chosen. */
import { vi, type Key, type Words } from "./vi";

export type { Key };

export type Language = "vi" | "en";
export type Values = Readonly<Record<string, string | number>>;

let language = $state<Language>("vi");
let table = $state.raw<Words>(vi);

export function lang(): Language {
  return language;
}

export async function speak(next: Language): Promise<void> {
  table = next === "en" ? (await import("./en")).en : vi;
  language = next;
  document.documentElement.lang = next;
}

export function t(key: Key, values: Values = {}): string {
  return fill(table[key], values);
}

/** The text of a code that the server may have made after this build: its own words, else `fallback`. */
export function told(prefix: string, code: string, fallback: Key): string {
  const key = `${prefix}.${code}`;
  return key in vi ? table[key as Key] : table[fallback];
}

/** `{name}` is replaced; `{n|door|doors}` chooses by the number n. */
export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = values[name];
    if (one !== undefined && many !== undefined) return value === 1 ? one : many;
    if (value === undefined) return whole;
    return typeof value === "number" ? number(value) : value;
  });
}

export function number(value: number): string {
  return new Intl.NumberFormat(language === "en" ? "en-GB" : "vi-VN").format(value);
}
