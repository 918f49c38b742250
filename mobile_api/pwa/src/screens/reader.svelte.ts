/** Reading aloud with the phone's own voice, section by section; nothing leaves the phone for it. */
import { lang } from "../words/index.svelte";

interface Piece {
  id: string;
  text: string;
}

const SLOWER = 0.9;
const engine = typeof speechSynthesis === "undefined" ? null : speechSynthesis;
let voices = $state.raw<readonly SpeechSynthesisVoice[]>(engine?.getVoices() ?? []);
let at = $state<string | null>(null);
let turn = 0;
engine?.addEventListener?.("voiceschanged", () => (voices = engine.getVoices()));

/** Android says vi_VN, others vi-VN. A voice that works offline comes first. */
function voice(): SpeechSynthesisVoice | undefined {
  const fit = voices.filter((each) => each.lang.toLowerCase().startsWith(lang()));
  return fit.find((each) => each.localService) ?? fit[0];
}

export const reader = {
  get at() {
    return at;
  },
  get on() {
    return at !== null;
  },
  /** Without a voice of this language the phone would spell Vietnamese in English: then rather nothing. */
  get possible() {
    return voice() !== undefined;
  },
  read(pieces: readonly Piece[]): void {
    const mine = ++turn;
    const step = (index: number): void => {
      const piece = pieces[index];
      if (mine !== turn) return;
      at = piece?.id ?? null;
      if (!piece || !engine) return;
      const said = new SpeechSynthesisUtterance(piece.text);
      const chosen = voice();
      if (chosen) said.voice = chosen;
      said.lang = lang() === "vi" ? "vi-VN" : "en-GB";
      said.rate = SLOWER;
      said.onend = () => step(index + 1);
      said.onerror = () => mine === turn && (at = null);
      document.getElementById(piece.id)?.scrollIntoView({ block: "start" });
      engine.speak(said);
    };
    engine?.cancel();
    step(0);
  },
  stop(): void {
    turn += 1;
    at = null;
    engine?.cancel();
  },
};
