/** A new door while it is typed: going back and coming again finds it. */
import { blank, type Typed } from "./people";

class Added {
  address = $state("");
  kind: "household" | "business_household" = $state("household");
  people: Typed[] = $state([]);

  clear(): void {
    this.address = "";
    this.kind = "household";
    this.people = [];
  }
}

export const added = new Added();

const persons: Record<string, Typed[]> = $state({});

/** New people of a door while they are typed. */
export function personsFor(household: string): Typed[] {
  persons[household] ??= [blank()];
  return persons[household];
}

export function dropPersons(household: string): void {
  delete persons[household];
}
