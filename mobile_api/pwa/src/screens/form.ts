/** What the visit screen holds while it is filled, and the draft it becomes. Pure. */
import type { Consent, DoorDetail, Outcome, Person, ResultState, Service, StepState, VisitDraft } from "../contract";

export const OUTCOMES: readonly Outcome[] = [
  "helped",
  "not_home",
  "rescheduled",
  "refused",
  "no_need",
  "moved_away",
  "no_access",
];
export const RESULTS: readonly ResultState[] = ["done_with_help", "does_alone", "shown", "blocked", "keeps_old_way"];
export const PURPOSES = ["help", "data", "contact"] as const;
export type Purpose = (typeof PURPOSES)[number];
/** The version of the sentences that are read out (words: consent.*); a changed sentence is a new version. */
export const CONSENT_TEXT = "2026-11-21";
const OPEN: ReadonlySet<StepState> = new Set(["unknown", "not_started", "shown", "blocked"]);

export interface Answer {
  state: ResultState;
  reason: string | null;
}
export interface Form {
  outcome: Outcome | null;
  /** key: resident + "|" + service */
  answers: Record<string, Answer>;
  on: string;
  at: string;
  note: string;
  consents: Partial<Record<Purpose, boolean>>;
  opened: number;
}

export function emptyForm(opened: number): Form {
  return { outcome: null, answers: {}, on: "", at: "", note: "", consents: {}, opened };
}

export function answerKey(resident: string, service: string): string {
  return `${resident}|${service}`;
}

/** The form of a visit that was saved before, to put it right. */
export function formOf(draft: VisitDraft, opened: number): Form {
  const form = emptyForm(opened);
  form.outcome = draft.outcome;
  for (const { resident, service, state, reason } of draft.results ?? [])
    form.answers[answerKey(resident, service)] = { state, reason: reason ?? null };
  form.on = draft.appointment?.on ?? "";
  form.at = draft.appointment?.at ?? "";
  form.note = draft.note ?? "";
  for (const { purpose, given } of draft.consents ?? [])
    if ((PURPOSES as readonly string[]).includes(purpose)) form.consents[purpose as Purpose] = given;
  return form;
}

/** Only what belongs to the outcome goes along: results of "helped", an appointment of any but "moved away". */
export function draftOf(household: string, form: Form, outcome: Outcome): VisitDraft {
  const draft: VisitDraft = { household, outcome, opened: form.opened };
  if (outcome === "helped") {
    const results = Object.entries(form.answers).map(([key, { state, reason }]) => {
      const [resident = "", service = ""] = key.split("|");
      return reason && state === "blocked" ? { resident, service, state, reason } : { resident, service, state };
    });
    if (results.length) draft.results = results;
  }
  if (form.on && outcome !== "moved_away")
    draft.appointment = form.at ? { on: form.on, at: form.at } : { on: form.on };
  if (form.note.trim()) draft.note = form.note.trim();
  const consents: Consent[] = PURPOSES.filter((purpose) => form.consents[purpose] !== undefined).map((purpose) => ({
    purpose,
    given: form.consents[purpose] === true,
    text_version: CONSENT_TEXT,
    how: "voice",
  }));
  if (consents.length) draft.consents = consents;
  return draft;
}

/** True when leaving the form would lose something. */
export function touched(form: Form): boolean {
  return (
    form.outcome !== null ||
    form.note !== "" ||
    form.on !== "" ||
    Object.keys(form.answers).length > 0 ||
    Object.keys(form.consents).length > 0
  );
}

/** The services of a person that can be worked on, open ones first, both in the services' order. */
export function offered(person: Person, services: readonly Service[]): { service: Service; step: StepState; open: boolean }[] {
  const mine = services.flatMap((service) => {
    const step = person.steps[service.code];
    return step ? [{ service, step, open: OPEN.has(step) }] : [];
  });
  return [...mine.filter((each) => each.open), ...mine.filter((each) => !each.open)];
}

/** Who is in now: moved away and gone people are left out of a visit. */
export function atHome(door: Pick<DoorDetail, "persons">): readonly Person[] {
  return door.persons.filter((person) => !["moved_away", "gone"].includes(person.state));
}
