import standard from "../en/flavors";

const names: Record<keyof typeof standard, string> = {
  "dashboard.viewed": "Dashboard angesehen",
  "dashboard.link_clicked": "Link im Dashboard geklickt",
  "message.sent": "Nachricht gesendet",
  "message.delivered": "Nachricht zugestellt",
  "message.opened": "Nachricht geöffnet",
  "message.link_clicked": "Link in der Nachricht geklickt",
  "invite.email_sent": "E-Mail-Einladung gesendet",
  "invite.email_opened": "E-Mail-Einladung geöffnet",
  "invite.link_clicked": "Einladungslink geklickt",
  "content.shared": "Inhalt geteilt",
  "content.downloaded": "Inhalt heruntergeladen",
  "page.viewed": "Seite angesehen",
  "page.link_clicked": "Link auf der Seite geklickt",
  "form.submitted": "Formular abgeschickt",
  "registration.started": "Anmeldung begonnen",
  "registration.completed": "Anmeldung abgeschlossen",
  "report.viewed": "Bericht angesehen",
  "ad.viewed": "Anzeige gesehen",
  "ad.clicked": "Anzeige geklickt",
};

export default { standard, names };
