/** Half-filled visits, per door: kept while the app is open, and sealed on the phone in case it is closed. */
import { core } from "./core.svelte";
import { emptyForm, touched, type Form } from "./form";

const KEPT = "drafts";
const WAIT_MS = 400;
const forms: Record<string, Form> = $state({});
let due: ReturnType<typeof setTimeout> | undefined;

/** The form of a door, or of a visit that is put right (`key` is then its id); begun when there is none. */
export function formFor(key: string, begin: () => Form = () => emptyForm(performance.now())): Form {
  forms[key] ??= begin();
  return forms[key];
}

export function hasForm(key: string): boolean {
  const form = forms[key];
  return form !== undefined && touched(form);
}

export function drop(key: string): void {
  delete forms[key];
  keep();
}

/** Put a form back after its visit was taken back. */
export function restore(key: string, form: Form): void {
  forms[key] = form;
  keep();
}

/** Write the forms down soon; call it at every change. */
export function keep(): void {
  clearTimeout(due);
  due = setTimeout(() => {
    const worth = Object.entries($state.snapshot(forms)).filter(([, form]) => touched(form));
    // Locked or ended meanwhile: what is on the screen stays, only a copy in case of a closed app is missing.
    core.remember(KEPT, Object.fromEntries(worth)).catch(() => undefined);
  }, WAIT_MS);
}

/** Bring back what was being filled when the app was closed. The clock of a form starts anew. */
export async function recallForms(): Promise<void> {
  // Sealed with a key that this phone no longer has: nobody can read it any more.
  const kept = await core.recall<Record<string, Form>>(KEPT).catch(() => null);
  for (const [key, form] of Object.entries(kept ?? {})) forms[key] ??= { ...form, opened: performance.now() };
}

export function forgetForms(): void {
  clearTimeout(due);
  for (const key of Object.keys(forms)) delete forms[key];
}
