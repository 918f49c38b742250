/** Text size, light or dark, language, how to address: kept on this phone, nothing personal in it. */
import { speak, type Language } from "../words/index.svelte";

export type Size = "usual" | "large" | "huge" | "most";
export type Theme = "auto" | "light" | "dark";
interface Prefs {
  size: Size;
  theme: Theme;
  language: Language;
  welcomed: boolean;
}

const KEPT = "gocua.look";
const FIRST: Prefs = { size: "usual", theme: "auto", language: "vi", welcomed: false };

export const prefs: Prefs = $state({ ...FIRST, ...read() });

/** Change some and make them visible; the promise ends when the words of another language are there. */
export async function prefer(some: Partial<Prefs>): Promise<void> {
  Object.assign(prefs, some);
  try {
    localStorage.setItem(KEPT, JSON.stringify(prefs));
  } catch {
    // A browser that keeps nothing still shows what was chosen, until it is closed.
  }
  await dress();
}

export async function dress(): Promise<void> {
  const { dataset } = document.documentElement;
  dataset.size = prefs.size;
  dataset.theme = prefs.theme;
  // The server names services and reasons in the language of this cookie.
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `gocua_lang=${prefs.language}; path=/; max-age=31536000; samesite=lax${secure}`;
  await speak(prefs.language);
}

function read(): Partial<Prefs> {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Partial<Prefs>;
  } catch {
    return {};
  }
}
