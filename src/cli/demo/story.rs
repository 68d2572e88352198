//! The story of the sample event: who did what when, from a seed. It does no IO and reads no clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::agents::{DESKTOP, MACHINE, MAIL, MOBILE};
use super::beat::Beat;
use super::cast::{CAMPAIGNS, MESSAGES, PARTNERS};
use super::chance::Chance;
use super::step::Step;
use crate::domain::UnixMs;

/// Things that are planned at most; what would come on top is left out.
const PLANNED_MAX: usize = 20_000;
/// How much of what is told was done a while ago.
const LATE_ODDS: f64 = 0.012;
/// How long before the end of a history it becomes busy, in milliseconds.
const RECENT_MS: i64 = 3_600_000;
/// How busy each hour of the day is, in UTC, against the busiest.
const HOURS: [f64; 24] =
    [0.05, 0.03, 0.03, 0.03, 0.05, 0.1, 0.25, 0.5, 0.85, 1.0, 1.0, 0.9, 0.75, 0.95, 1.0, 0.95, 0.8, 0.6, 0.45, 0.4, 0.35, 0.25, 0.15, 0.08];

/// How the story is told.
#[derive(Debug, Clone, Copy)]
pub struct Tempo {
    /// Seconds between beginnings, on average, at the busiest hour.
    gap_s: f64,
    /// What waits are multiplied by.
    haste: f64,
    /// True to have nights.
    nights: bool,
    /// Seconds between bursts, from and to.
    burst_s: (f64, f64),
}

impl Tempo {
    /// A week of history: nights, long waits, a few thousand activities.
    pub const HISTORY: Self = Self { gap_s: 130.0, haste: 1.0, nights: true, burst_s: (3_600.0, 14_400.0) };
    /// The hour before somebody looks: busy, so that the first picture is full.
    pub const RECENT: Self = Self { gap_s: 9.0, haste: 0.06, nights: false, burst_s: (120.0, 400.0) };
    /// Something to look at: one to three activities a second, with bursts; hours pass in minutes.
    pub const LIVE: Self = Self { gap_s: 1.4, haste: 0.03, nights: false, burst_s: (25.0, 80.0) };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// Something begins by itself; the next beginning is planned.
    Beginning,
    /// Much happens at once; the next burst is planned.
    Burst,
    /// A message goes out to its recipients.
    Wave { message: usize },
    /// A step of a chain.
    Step(Chain),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chain {
    step: Step,
    partner: usize,
    message: Option<&'static str>,
    campaign: Option<&'static str>,
    agent: Option<&'static str>,
    referrer: Option<&'static str>,
}

/// A story that is being told. It never ends by itself.
#[derive(Debug)]
pub struct Story {
    chance: Chance,
    tempo: Tempo,
    queue: BinaryHeap<Reverse<(i64, u64)>>,
    plans: std::collections::HashMap<u64, Plan>,
    planned: u64,
}

impl Story {
    /// What was, up to `end`; the last hour is a busy one.
    pub fn history(seed: u64, begin: UnixMs, end: UnixMs) -> impl Iterator<Item = Beat> {
        let recent = UnixMs(end.0 - RECENT_MS).max(begin);
        let mut story = Self::new(seed, Tempo::HISTORY, begin);
        for (message, told) in MESSAGES.iter().enumerate() {
            story.plan(end.0 - told.hours_ago * 3_600_000, Plan::Wave { message });
        }
        let lately = Self::new(seed.wrapping_add(1), Tempo::RECENT, recent);
        story.take_while(move |beat| beat.at < recent).chain(lately.take_while(move |beat| beat.at < end))
    }

    /// What goes on from `begin`.
    pub fn live(seed: u64, begin: UnixMs) -> Self {
        Self::new(seed, Tempo::LIVE, begin)
    }

    fn new(seed: u64, tempo: Tempo, begin: UnixMs) -> Self {
        let mut story =
            Self { chance: Chance::new(seed), tempo, queue: BinaryHeap::new(), plans: std::collections::HashMap::new(), planned: 0 };
        story.plan(begin.0 + 1, Plan::Beginning);
        let burst = story.chance.wait(tempo.burst_s.0, tempo.burst_s.1) * 0.3;
        story.plan(begin.0 + ms(burst), Plan::Burst);
        story
    }

    fn plan(&mut self, at: i64, plan: Plan) {
        if self.queue.len() >= PLANNED_MAX && matches!(plan, Plan::Step(_)) {
            return;
        }
        self.planned += 1;
        self.queue.push(Reverse((at, self.planned)));
        self.plans.insert(self.planned, plan);
    }

    fn carry_out(&mut self, at: i64, plan: Plan) -> Option<Beat> {
        match plan {
            Plan::Beginning => {
                self.begin(at);
                None
            }
            Plan::Burst => {
                let gap = self.chance.wait(self.tempo.burst_s.0, self.tempo.burst_s.1);
                self.plan(at + ms(gap), Plan::Burst);
                self.burst(at);
                None
            }
            Plan::Wave { message } => {
                self.wave(at, message, usize::MAX);
                None
            }
            Plan::Step(chain) => Some(self.step(at, chain)),
        }
    }

    fn begin(&mut self, at: i64) {
        let gap = self.chance.gap(self.tempo.gap_s);
        self.plan(at + ms(gap).max(1), Plan::Beginning);
        let hour = usize::try_from(at.div_euclid(3_600_000).rem_euclid(24)).unwrap_or(0);
        if self.tempo.nights && !self.chance.happens(HOURS[hour]) {
            return;
        }
        let mut pick = self.chance.between(0, Step::BEGINNINGS.iter().map(|b| b.1).sum());
        for (step, share) in Step::BEGINNINGS {
            if pick < *share {
                let partner = self.busy_partner();
                let step = if would(partner, *step) { *step } else { Step::Dashboard };
                let chain = self.chain(step, partner);
                return self.plan(at + 1, Plan::Step(chain));
            }
            pick -= share;
        }
    }

    fn burst(&mut self, at: i64) {
        let partner = self.busy_partner();
        match self.chance.between(0, 5) {
            // A reminder goes out.
            0 => {
                let message = self.chance.between(0, MESSAGES.len() as u64) as usize;
                self.wave(at, message, 10);
            }
            // A post is noticed.
            1 | 2 => {
                let count = self.chance.between(8, 20);
                self.repeat(at, count, 1.0, Step::Page, partner);
            }
            // A partner works through its address book.
            _ if would(partner, Step::Invited) => {
                let count = self.chance.between(5, 22);
                self.repeat(at, count, 2.5, Step::Invited, partner);
            }
            _ => {}
        }
    }

    fn repeat(&mut self, mut at: i64, count: u64, gap_s: f64, step: Step, partner: usize) {
        for _ in 0..count {
            at += ms(self.chance.gap(gap_s)).max(1);
            let chain = self.chain(step, partner);
            self.plan(at, Plan::Step(chain));
        }
    }

    fn wave(&mut self, mut at: i64, message: usize, most: usize) {
        let message = &MESSAGES[message];
        for partner in message.recipients().take(most) {
            at += ms(self.chance.gap(0.8)).max(1);
            let chain = Chain { message: Some(message.key), ..self.chain(Step::Sent, partner) };
            self.plan(at, Plan::Step(chain));
        }
    }

    fn chain(&mut self, step: Step, partner: usize) -> Chain {
        let referrer = match step {
            Step::Page => Some(*self.chance.one_of(&["https://www.linkedin.com/", "https://www.google.com/", "https://news.example.net/"])),
            _ => None,
        };
        let campaign = (step == Step::Invited).then(|| if self.chance.happens(0.75) { CAMPAIGNS[0].0 } else { CAMPAIGNS[1].0 });
        Chain { step, partner, message: None, campaign, agent: None, referrer }
    }

    fn step(&mut self, at: i64, mut chain: Chain) -> Beat {
        let agent = self.agent(&chain);
        // Whom a partner reached goes on with the same device.
        if !chain.step.is_partners() && chain.step != Step::InviteOpened {
            chain.agent = agent;
        }
        for next in chain.step.follow_ups() {
            if !would(chain.partner, next.step) || !self.chance.happens(next.odds) {
                continue;
            }
            let wait = self.chance.wait(next.wait_s.0, next.wait_s.1) * self.tempo.haste;
            self.plan(at + ms(wait).max(1), Plan::Step(follow(chain, next.step)));
        }
        // What a phone did without a network is told when it has one again.
        let late = self.chance.happens(LATE_ODDS) && !matches!(chain.step, Step::Sent | Step::Delivered | Step::Scanned);
        let delay = if late { self.chance.wait(6.0 * 60.0, 90.0 * 60.0) } else { self.chance.wait(0.03, 0.6) };
        Beat {
            at: UnixMs(at),
            occurred_at: UnixMs(at - ms(delay)),
            step: chain.step,
            partner: chain.partner,
            message: chain.message,
            campaign: chain.campaign,
            user_agent: agent,
            referrer: chain.referrer,
            salt: self.chance.number(),
        }
    }

    fn agent(&mut self, chain: &Chain) -> Option<&'static str> {
        match chain.step {
            Step::Sent | Step::Delivered => None,
            Step::Scanned | Step::Crawled => Some(*self.chance.one_of(MACHINE)),
            Step::Opened | Step::InviteOpened if self.chance.happens(0.45) => Some(*self.chance.one_of(MAIL)),
            step if step.is_partners() => {
                // A partner has one desk and one phone.
                let own = chain.partner * 7;
                Some(if self.chance.happens(0.78) { DESKTOP[own % DESKTOP.len()] } else { MOBILE[own % MOBILE.len()] })
            }
            _ => chain.agent.or_else(|| Some(*self.chance.one_of(if self.chance.clone().happens(0.6) { MOBILE } else { DESKTOP }))),
        }
    }

    fn busy_partner(&mut self) -> usize {
        let mut pick = self.chance.between(0, PARTNERS.iter().map(|p| u64::from(p.busy)).sum());
        for (at, partner) in PARTNERS.iter().enumerate() {
            if pick < u64::from(partner.busy) {
                return at;
            }
            pick -= u64::from(partner.busy);
        }
        0
    }
}

impl Iterator for Story {
    type Item = Beat;

    fn next(&mut self) -> Option<Beat> {
        // There is always a next beginning, so this ends.
        while let Some(Reverse((at, number))) = self.queue.pop() {
            let plan = self.plans.remove(&number)?;
            if let Some(beat) = self.carry_out(at, plan) {
                return Some(beat);
            }
        }
        None
    }
}

/// Some partners never answer; some look and never share. The views of who did *not* do something live on them.
fn would(partner: usize, step: Step) -> bool {
    match PARTNERS[partner].busy {
        0 => !step.is_partners() || matches!(step, Step::Delivered | Step::Scanned),
        1 => !matches!(step, Step::Shared | Step::Invited),
        _ => true,
    }
}

/// What a following step keeps of the one before.
fn follow(chain: Chain, step: Step) -> Chain {
    let message = chain.message.filter(|_| step.flavor().starts_with("message."));
    let referrer = match (chain.step, step) {
        (Step::MessageClicked, _) => Some("https://mail.example.com/"),
        (Step::Shared, Step::Page) => Some("https://www.linkedin.com/"),
        (Step::Page | Step::InviteClicked, _) => Some("https://expo.example.com/"),
        _ => None,
    };
    Chain { step, message, referrer, ..chain }
}

fn ms(seconds: f64) -> i64 {
    (seconds * 1_000.0) as i64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Beat, PARTNERS, Step, Story};
    use crate::domain::UnixMs;

    const END: UnixMs = UnixMs(1_795_000_000_000);
    const WEEK_MS: i64 = 7 * 86_400_000;

    fn week(seed: u64) -> Vec<Beat> {
        Story::history(seed, UnixMs(END.0 - WEEK_MS), END).collect()
    }

    #[test]
    fn a_week_is_a_few_thousand_in_order() {
        for seed in 1..=5 {
            let beats = week(seed);
            assert!((6_000..=10_000).contains(&beats.len()), "seed {seed}: {}", beats.len());
            assert!(beats.is_sorted_by_key(|b| b.at));
            assert!(beats.iter().all(|b| b.occurred_at <= b.at && b.at < END));
        }
    }

    #[test]
    fn the_same_seed_tells_the_same_story() {
        assert_eq!(week(1), week(1));
        assert_ne!(week(1), week(2));
    }

    #[test]
    fn it_is_a_story() {
        let beats = week(1);
        let did = |step: Step| beats.iter().filter(|b| b.step == step).map(|b| b.partner).collect::<HashSet<_>>();
        let (sent, opened, shared) = (did(Step::Sent), did(Step::Opened), did(Step::Shared));
        assert_eq!(sent.len(), PARTNERS.len());
        assert!(opened.is_subset(&sent));
        // Somebody was sent the message and never opened it; somebody opened it and never shared.
        assert!(opened.len() < sent.len());
        assert!(opened.difference(&shared).next().is_some());
        assert!(beats.iter().any(|b| b.at.ms_since(b.occurred_at) > 300_000), "some are late");
        let ids: HashSet<_> = beats.iter().map(|b| b.draft(true)["id"].to_string()).collect();
        assert_eq!(ids.len(), beats.len());
    }

    #[test]
    fn live_is_lively() {
        for seed in 1..=5 {
            let begin = UnixMs(0);
            let beats: Vec<_> = Story::live(seed, begin).take_while(|b| b.at.0 < 1_800_000).collect();
            let a_second = beats.len() as f64 / 1_800.0;
            assert!((1.0..=4.0).contains(&a_second), "seed {seed}: {a_second:.2} a second");
            let longest = beats.windows(2).map(|two| two[1].at.0 - two[0].at.0).max().unwrap_or(0);
            assert!(longest < 15_000, "seed {seed}: nothing for {longest} ms");
        }
    }
}
