//! What people at a trade show do, and what tends to follow: the plot of the story, as data.

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A message goes to a partner.
    Sent,
    /// It arrives.
    Delivered,
    /// A scanner opens it before anybody could.
    Scanned,
    /// The partner opens it.
    Opened,
    /// The partner follows a link in it.
    MessageClicked,
    /// The partner looks at the dashboard.
    Dashboard,
    /// The partner follows a link there.
    DashboardClicked,
    /// The partner reads the report.
    Report,
    /// The partner fetches a file.
    Downloaded,
    /// The partner shares invite content.
    Shared,
    /// The partner sends an invite by email.
    Invited,
    /// The invited person opens it.
    InviteOpened,
    /// The invited person follows its link.
    InviteClicked,
    /// Somebody looks at a page.
    Page,
    /// Somebody follows a link there.
    PageClicked,
    /// Somebody sends a form.
    Form,
    /// Somebody begins to register.
    RegistrationStarted,
    /// Somebody has registered.
    Registered,
    /// Somebody sees an ad of the partner.
    AdViewed,
    /// Somebody follows it.
    AdClicked,
    /// A crawler looks at a page.
    Crawled,
}

/// Something that may follow a step.
#[derive(Debug)]
pub struct Next {
    /// What.
    pub step: Step,
    /// In which share of cases.
    pub odds: f64,
    /// After how many seconds, from and to; short waits are more frequent.
    pub wait_s: (f64, f64),
}

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3_600.0;

const fn next(step: Step, odds: f64, from: f64, to: f64) -> Next {
    Next { step, odds, wait_s: (from, to) }
}

impl Step {
    /// Its flavor.
    pub const fn flavor(self) -> &'static str {
        match self {
            Self::Sent => "message.sent",
            Self::Delivered => "message.delivered",
            Self::Scanned | Self::Opened => "message.opened",
            Self::MessageClicked => "message.link_clicked",
            Self::Dashboard => "dashboard.viewed",
            Self::DashboardClicked => "dashboard.link_clicked",
            Self::Report => "report.viewed",
            Self::Downloaded => "content.downloaded",
            Self::Shared => "content.shared",
            Self::Invited => "invite.email_sent",
            Self::InviteOpened => "invite.email_opened",
            Self::InviteClicked => "invite.link_clicked",
            Self::Page | Self::Crawled => "page.viewed",
            Self::PageClicked => "page.link_clicked",
            Self::Form => "form.submitted",
            Self::RegistrationStarted => "registration.started",
            Self::Registered => "registration.completed",
            Self::AdViewed => "ad.viewed",
            Self::AdClicked => "ad.clicked",
        }
    }

    /// What tends to follow. The odds are such that every chain ends.
    pub const fn follow_ups(self) -> &'static [Next] {
        use Step::*;
        match self {
            Sent => const { &[next(Delivered, 0.98, 2.0, 40.0)] },
            Delivered => const { &[next(Scanned, 0.15, 1.0, 5.0), next(Opened, 0.74, 2.0 * MINUTE, 9.0 * HOUR)] },
            Opened => const { &[next(MessageClicked, 0.5, 5.0, 2.0 * MINUTE), next(Opened, 0.15, HOUR, 9.0 * HOUR)] },
            MessageClicked => const { &[next(Dashboard, 0.9, 1.0, 8.0)] },
            Dashboard => {
                const {
                    &[
                        next(DashboardClicked, 0.3, 8.0, 2.0 * MINUTE),
                        next(Shared, 0.16, 20.0, 5.0 * MINUTE),
                        next(Downloaded, 0.14, 20.0, 4.0 * MINUTE),
                        next(Report, 0.12, 10.0, 3.0 * MINUTE),
                        next(Invited, 0.12, MINUTE, 10.0 * MINUTE),
                    ]
                }
            }
            Shared => const { &[next(Page, 0.8, 20.0, HOUR), next(Page, 0.5, MINUTE, 4.0 * HOUR)] },
            Invited => const { &[next(InviteOpened, 0.56, MINUTE, 8.0 * HOUR)] },
            InviteOpened => const { &[next(InviteClicked, 0.42, 4.0, 90.0)] },
            InviteClicked => const { &[next(Page, 0.95, 1.0, 5.0)] },
            Page => {
                const {
                    &[
                        next(Page, 0.35, 6.0, 2.0 * MINUTE),
                        next(PageClicked, 0.2, 5.0, MINUTE),
                        next(RegistrationStarted, 0.14, 15.0, 4.0 * MINUTE),
                        next(Form, 0.03, 30.0, 4.0 * MINUTE),
                    ]
                }
            }
            RegistrationStarted => const { &[next(Registered, 0.66, MINUTE, 7.0 * MINUTE)] },
            AdViewed => const { &[next(AdClicked, 0.12, 2.0, 30.0)] },
            AdClicked => const { &[next(Page, 0.9, 1.0, 4.0)] },
            Scanned | DashboardClicked | Report | Downloaded | PageClicked | Form | Registered | Crawled => &[],
        }
    }

    /// What begins by itself, with its share.
    pub const BEGINNINGS: &[(Self, u64)] =
        &[(Self::Dashboard, 34), (Self::Page, 26), (Self::AdViewed, 24), (Self::Report, 4), (Self::Shared, 6), (Self::Crawled, 6)];

    /// True for what the partner does; the rest is done by whom it reached, by strangers or by machines.
    pub const fn is_partners(self) -> bool {
        use Step::*;
        matches!(
            self,
            Sent | Delivered | Scanned | Opened | MessageClicked | Dashboard | DashboardClicked | Report | Downloaded | Shared | Invited
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Step;
    use crate::domain::Flavor;

    const ALL: &[Step] = &[
        Step::Sent,
        Step::Delivered,
        Step::Scanned,
        Step::Opened,
        Step::MessageClicked,
        Step::Dashboard,
        Step::DashboardClicked,
        Step::Report,
        Step::Downloaded,
        Step::Shared,
        Step::Invited,
        Step::InviteOpened,
        Step::InviteClicked,
        Step::Page,
        Step::PageClicked,
        Step::Form,
        Step::RegistrationStarted,
        Step::Registered,
        Step::AdViewed,
        Step::AdClicked,
        Step::Crawled,
    ];

    #[test]
    fn flavors_are_standard() {
        for step in ALL {
            assert!(Flavor::parse(step.flavor()).expect("valid").standard().is_some(), "{step:?}");
        }
    }

    #[test]
    fn every_chain_ends() {
        for step in ALL {
            let itself: f64 = step.follow_ups().iter().filter(|n| n.step == *step).map(|n| n.odds).sum();
            assert!(itself < 0.5, "{step:?}");
            assert!(step.follow_ups().iter().all(|n| n.wait_s.0 >= 1.0 && n.wait_s.1 > n.wait_s.0), "{step:?}");
        }
    }
}
