// The hue and the icon of a flavor: each family has its own, the same on every screen.

const FAMILY: Record<string, [hue: number, icon: string]> = {
  dashboard: [0, "grid"],
  message: [1, "mail"],
  invite: [2, "send"],
  content: [3, "share"],
  page: [6, "page"],
  form: [4, "form"],
  registration: [5, "check"],
  report: [8, "chart"],
  ad: [7, "flag"],
};
const ICONS: Record<string, string> = {
  "message.opened": "mailopen",
  "invite.email_opened": "mailopen",
  "content.downloaded": "down",
};
export const flavorLook = (key: string): { hue: number; icon: string } => {
  const [hue, icon] = FAMILY[key.split(".")[0] ?? ""] ?? [9, "dot"];
  return { hue, icon: ICONS[key] ?? (key.endsWith("link_clicked") || key.endsWith(".clicked") ? "click" : icon) };
};
