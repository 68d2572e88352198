// The standard set as the server labels it. A label that is another one was given by the workspace, and is no matter of language.

export default {
  "dashboard.viewed": "Dashboard viewed",
  "dashboard.link_clicked": "Dashboard link clicked",
  "message.sent": "Message sent",
  "message.delivered": "Message delivered",
  "message.opened": "Opened the message",
  "message.link_clicked": "Clicked a link in the message",
  "invite.email_sent": "Email invite sent",
  "invite.email_opened": "Email invite opened",
  "invite.link_clicked": "Invite link clicked",
  "content.shared": "Shared content",
  "content.downloaded": "Downloaded content",
  "page.viewed": "Page viewed",
  "page.link_clicked": "Page link clicked",
  "form.submitted": "Form submitted",
  "registration.started": "Registration started",
  "registration.completed": "Registration completed",
  "report.viewed": "Report viewed",
  "ad.viewed": "Ad viewed",
  "ad.clicked": "Ad clicked",
} as const;
