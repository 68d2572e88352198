// Which field's values are open, in a picker or in the phone's sheet: chips, keys and buttons all open the same one.

import { type Field, type FilterSet, count } from "../feed";

export const FIRST_FIELDS: Field[] = ["partner", "flavor", "message"];

class Picker {
  /** A field, or on a phone the list of fields. */
  at = $state<Field | "fields" | null>(null);
  /** What More was last opened at. */
  more = $state<Field>("device");

  get field(): Field | null {
    return this.at === "fields" ? null : this.at;
  }

  open(field: Field): void {
    if (!FIRST_FIELDS.includes(field) && field !== "about") this.more = field;
    this.at = field;
  }

  /** Messages open in the way they are filtered by. */
  openMessages(filter: FilterSet): void {
    this.open(count(filter, "message") === 0 && count(filter, "about") > 0 ? "about" : "message");
  }

  close(): void {
    this.at = null;
  }
}

export const picker = new Picker();
