import type { Texts } from "../say";
import type en from "../en/problems";

export default {
  codes: {
    offline: "Der Server ist nicht erreichbar. Versuchen Sie es gleich noch einmal.",
    unauthorised: "Sie sind abgemeldet. Melden Sie sich wieder an.",
    scope_missing: "Dazu haben Sie kein Recht. Fragen Sie, wer diesen Server betreibt.",
    right_missing: "Dazu haben Sie kein Recht. Fragen Sie einen Inhaber des Arbeitsbereichs.",
    event_forbidden: "Dieser Schlüssel ist für ein anderes Event. Melden Sie sich mit einem anderen an.",
    not_found: "Das gibt es nicht mehr.",
    erased: "Das ist schon gelöscht.",
    precondition_failed: "Inzwischen hat es jemand geändert. Sehen Sie es sich noch einmal an.",
    body_too_large: "Das ist zu viel auf einmal. Teilen Sie es auf.",
    rate_limited: "Zu viele Anfragen. Warten Sie kurz, und versuchen Sie es dann noch einmal.",
    quota_exceeded: "Zu viel Neues auf einmal. Warten Sie kurz, und versuchen Sie es dann noch einmal.",
    internal: "Der Server hat einen Fehler. Versuchen Sie es noch einmal; bleibt es so, sagen Sie es denen, die ihn betreiben.",
    overloaded: "Der Server ist ausgelastet. Versuchen Sie es gleich noch einmal.",
    unavailable: "Der Server kann seine Daten gerade nicht lesen. Versuchen Sie es gleich noch einmal.",
    draining: "Der Server startet neu. Versuchen Sie es gleich noch einmal.",
  },
  field: "{field}: {message}.",
} satisfies Texts<typeof en>;
