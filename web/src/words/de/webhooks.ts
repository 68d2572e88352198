import type en from "../en/webhooks";
import type { Texts } from "../say";

export default {
  webhooks: "Webhooks",
  make: "Neuer Webhook",
  none: "Ein Webhook sendet jede Aktivität einer Ansicht an eine Adresse, der Reihe nach, jedes Bündel bis es angenommen ist. Ein Empfänger, der weg war, bekommt, was er verpasst hat.",
  url: "Adresse",
  urlHint: "https, bei einem Host, den das Internet erreicht.",
  view: "Ansicht",
  key: "Schlüssel",
  keyHint: "Wie er in der API heißt.",
  save: "Speichern",
  edit: "Bearbeiten",
  editWhat: "{name} bearbeiten",
  remove: "Löschen",
  removeSure: "Was noch nicht gesendet ist, wird es nie. Zum Löschen noch einmal drücken.",
  pause: "Ruhen lassen",
  goOn: "Weiter",
  again: "Jetzt versuchen",
  renew: "Neues Geheimnis",
  secret: "Er unterschreibt mit diesem Geheimnis, das einmal gezeigt wird. Das vorige gilt noch einen Tag.",
  states: { ok: "Alles wurde angenommen", failing: "Nicht angenommen", ended: "Vom Empfänger beendet", resting: "Ruht" },
  lag: "{count|Höchstens eine Aktivität wartet|Höchstens # Aktivitäten warten}",
  nothingWaits: "nichts wartet",
  tried: "zuletzt versucht {time}",
  nextAt: "nächster Versuch um {time}, der {count}.",
  answered: "Antwort {status}",
} satisfies Texts<typeof en>;
