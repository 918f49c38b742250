/** Drafts of the screens, checked before saving and turned into payloads (sync.md section 3). Pure. */
import type { DraftProblem, HouseholdDraft, NewPerson, VisitDraft } from "../contract";
import { MAX_PAYLOAD_BYTES, payloadBytes } from "../protocol/core";
import { MAX_ADDRESS, MAX_NAME, MAX_NOTE, hasLongNumber } from "../protocol/note";

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const CLOCK = /^([01]\d|2[0-3]):[0-5]\d$/;
const MAX_PEOPLE = 30;
type Payload = Record<string, unknown>;

export function checkNote(note: string): DraftProblem | null {
  const text = note.trim();
  if ([...text].length > MAX_NOTE) return "note_long";
  return hasLongNumber(text) ? "note_digits" : null;
}

export function checkVisit(draft: VisitDraft): DraftProblem | null {
  const { appointment } = draft;
  if (appointment && !isDay(appointment.on)) return "appointment";
  if (appointment?.at !== undefined && !CLOCK.test(appointment.at)) return "appointment";
  const note = checkNote(draft.note ?? "");
  if (note) return note;
  return payloadBytes(visitPayload(draft)) > MAX_PAYLOAD_BYTES ? "too_large" : null;
}

/** What was not said is left out. */
export function visitPayload(draft: VisitDraft): Payload {
  const note = draft.note?.trim().normalize("NFC");
  const results = draft.results?.map(({ resident, service, state, reason }) =>
    reason ? { resident, service, state, reason } : { resident, service, state },
  );
  return {
    outcome: draft.outcome,
    ...(results?.length ? { results } : {}),
    ...(draft.appointment ? { appointment: { ...draft.appointment } } : {}),
    ...(note ? { note } : {}),
    ...(draft.consents?.length ? { consents: draft.consents.map((consent) => ({ ...consent })) } : {}),
  };
}

export function checkHousehold(draft: HouseholdDraft, year: number): DraftProblem | null {
  const address = draft.address.trim();
  if (!address || [...address].length > MAX_ADDRESS || hasLongNumber(address)) return "address";
  return draft.residents?.length ? checkPeople(draft.residents, year) : null;
}

export function checkPeople(people: readonly NewPerson[], year: number): DraftProblem | null {
  if (!people.length) return "nobody";
  if (people.length > MAX_PEOPLE) return "too_large";
  for (const { name, relation, birth_year } of people) {
    for (const text of [name, relation]) {
      if (text !== undefined && (hasLongNumber(text) || [...text].length > MAX_NAME)) return "name_digits";
    }
    if (birth_year !== undefined && (!Number.isInteger(birth_year) || birth_year < 1900 || birth_year > year)) {
      return "birth_year";
    }
  }
  return null;
}

export function householdPayload(draft: HouseholdDraft, id: () => string): Payload {
  return {
    address: draft.address.trim().normalize("NFC"),
    ...(draft.kind ? { kind: draft.kind } : {}),
    ...(draft.residents?.length ? { residents: peoplePayload(draft.residents, id) } : {}),
  };
}

export function peoplePayload(people: readonly NewPerson[], id: () => string): Payload[] {
  return people.map(({ name, relation, birth_year, sex }) => ({
    id: id(),
    ...(birth_year === undefined ? {} : { birth_year }),
    ...(sex ? { sex } : {}),
    ...(relation?.trim() ? { relation: relation.trim() } : {}),
    ...(name?.trim() ? { name: name.trim().normalize("NFC") } : {}),
  }));
}

function isDay(value: string): boolean {
  return DAY.test(value) && !Number.isNaN(Date.parse(`${value}T00:00:00Z`));
}
