// Made from the OpenAPI document by tools/wire.mjs; not to be edited by hand.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Who is on it. */
        AcknowledgeDraft: {
            /** @description Your name; that of the key without it. */
            by?: string | null;
        };
        /**
         * @description Activities, in seq order, each exactly once within a rev; and what became of earlier ones, to be applied after them,
         *     `amended` and `erased` together by `at`. Applying one twice, or one of an unknown id, changes nothing.
         */
        Activities: {
            /** @description Amendments of activities that matched before, or match now. */
            amended?: components["schemas"]["Amended"][];
            /** @description Erasures in the events that this subscription may see, whatever was erased. */
            erased?: components["schemas"]["Erased"][];
            /** @description Oldest first. */
            items: components["schemas"]["Activity"][];
            /** @description Everything up to here has been sent. */
            position: string;
            /**
             * Format: int64
             * @description Entries of the log between `position` and its end, while catching up: at most so many activities are to come.
             */
            remaining?: number | null;
            /**
             * Format: int32
             * @description Under which filter.
             */
            rev: number;
            /** @description Which subscription. */
            sub: string;
            /** @description The word. */
            type: string;
        };
        /** @description An activity as it is read. Made once, when it is recorded; from then on its bytes are copied, not made again. */
        Activity: {
            /** @description `partner`, `invitee` or `unknown`. */
            actor: string;
            browser?: null | components["schemas"]["ClientView"];
            campaign?: null | components["schemas"]["ActivityNamed"];
            /** @description Class of device. */
            device: string;
            /** @description At which event. */
            event: components["schemas"]["ActivityNamed"];
            /** @description What was done. */
            flavor: components["schemas"]["ActivityFlavor"];
            /** @description `human`, `machine` or `unclear`. */
            grade: string;
            /** @description Why that grade. */
            grade_reasons: string[];
            /**
             * Format: uuid
             * @description The sender's UUID, or a UUIDv7 of the server.
             */
            id: string;
            /**
             * Format: int64
             * @description `recorded_at` minus `occurred_at` in milliseconds, never negative.
             */
            late_ms: number;
            message?: null | components["schemas"]["ActivityMessage"];
            /**
             * Format: date-time
             * @description When it was done, by the sender's clock.
             */
            occurred_at: string;
            /** @description By whom, or by somebody that partner reached. */
            partner: components["schemas"]["ActivityPartner"];
            platform?: null | components["schemas"]["ClientView"];
            /** @description Whatever else the sender told: flat, text, number or boolean. */
            properties: {
                [key: string]: unknown;
            };
            /**
             * Format: date-time
             * @description When it was made durable.
             */
            recorded_at: string;
            /** @description The page before. */
            referrer_url?: string | null;
            /** @description Place in the log of the workspace. */
            seq: components["schemas"]["u64"];
            /** @description Where it happened. */
            source_url?: string | null;
        };
        /** @description A flavor and what people read. */
        ActivityFlavor: {
            /** @description As in `message.opened`. */
            key: string;
            /** @description As in `Opened the message`. */
            label: string;
        };
        /** @description A message. */
        ActivityMessage: {
            /** @description Its key. */
            key: string;
            /** @description Its subject at the moment of recording. */
            subject: string;
        };
        /** @description An event or a campaign. */
        ActivityNamed: {
            /** @description Its key. */
            key: string;
            /** @description Its name at the moment of recording. */
            name: string;
        };
        /** @description A page of activities. */
        ActivityPage: {
            /** @description False when the page ended because the search had used up its time; `items` may then be empty. */
            complete: boolean;
            /** @description The activities: newest first, or oldest first with `after`. */
            items: components["schemas"]["Activity"][];
            /** @description True when an `after` page ended before the end: go on with `newer`. */
            more: boolean;
            /** @description Where newer ones begin, for `after`. */
            newer: string;
            /** @description Where older ones begin, for `before`; null only at the start of the log. */
            older: string | null;
            /**
             * Format: date-time
             * @description How far back it was searched then.
             */
            searched_back_to: string | null;
        };
        /** @description A partner. */
        ActivityPartner: {
            /** @description Its company at the moment of recording. */
            company?: string | null;
            /** @description Its key. */
            key: string;
            /** @description Its name at the moment of recording. */
            name: string;
        };
        /** @description An alert, with how it stands. */
        Alert: {
            /**
             * Format: date-time
             * @description Since when.
             */
            acknowledged_at: string | null;
            /** @description Who is on it. */
            acknowledged_by: string | null;
            between: null | components["schemas"]["Between"];
            /**
             * Format: int32
             * @description Seconds between two notices that it fires.
             */
            cooldown_s: number;
            /**
             * Format: int64
             * @description How many it counts now, as many as it counts to: activities within its time, new values, silent sources.
             */
            count: number;
            /** @description False while it rests. */
            enabled: boolean;
            /** @description Its key, as first spelled. */
            key: string;
            /**
             * Format: date-time
             * @description When the last activity of its view came, as far as it has to know that.
             */
            last_at: string | null;
            /**
             * Format: date-time
             * @description When somebody was last told that it fires.
             */
            last_notified_at: string | null;
            mute: null | components["schemas"]["Mute"];
            /** @description Its name. */
            name: string;
            /** @description What to do when it fires. */
            note: string | null;
            /** @description Why it fires, for people. */
            reason: string | null;
            /**
             * Format: date-time
             * @description Since when it is so; null until it was first looked at.
             */
            since: string | null;
            /** @description `ok` or `firing`. */
            state: string;
            /** @description Whom else to tell while nobody has acknowledged. */
            then: components["schemas"]["Then"][];
            /** @description Keys of the channels that are told. */
            to: string[];
            /** @description Key of the view that it looks at; null where it is about the server. */
            view: string | null;
            /** @description When it fires: one of `{"count","within_s"}`, `{"silent_s"}`, `{"first_by"}`, `{"source_silent"}`, `{"pulse":true}`. */
            when: Record<string, never>;
        };
        /** @description An alert as it is sent. */
        AlertDraft: {
            /** @description The hours in which it stands; always without it. Silence counts from their beginning. */
            between?: {
                from: string;
                to: string;
                /** Format: iana-time-zone */
                zone?: string;
            } | null;
            /**
             * Format: int32
             * @description Seconds between two notices that it fires; 300 without it.
             */
            cooldown_s?: number | null;
            /** @description False to let it rest. */
            enabled?: boolean | null;
            /** @description What people call it, and what a notice begins with. */
            name: string;
            /** @description What to do when it fires, in your words. */
            note?: string | null;
            /** @description Whom else to tell while nobody has acknowledged, in the order of time. */
            then?: {
                /** Format: int32 */
                after_s: number;
                to: string[];
            }[] | null;
            /** @description Keys of the channels that are told. */
            to?: string[] | null;
            /** @description Key of the view that it looks at, not a private one; of the server, none. */
            view?: string | null;
            /** @description When it fires: so many activities of the view, at least, within so many seconds; none for so long; a value that no activity of the view had before; who sends by the key of this name, or anybody, broke its rhythm; nothing can be stored or delivered. Times are those of receipt. */
            when: {
                /** Format: int32 */
                count: number;
                /** Format: int32 */
                within_s: number;
            } | {
                /** Format: int32 */
                silent_s: number;
            } | {
                /** @enum {string} */
                first_by: "partner" | "flavor" | "message" | "campaign";
            } | {
                source_silent: string;
            } | {
                /** @enum {boolean} */
                pulse: true;
            };
        };
        /** @description One line of the history of an alert. */
        AlertLine: {
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description Who did it; null where it came by itself. */
            by: string | null;
            /** @description Its identity: every notice of it carries this. */
            id: string;
            /** @description What was told of it. */
            notices: components["schemas"]["Notice"][];
            /** @description Why, for people. */
            text: string;
            /** @description `fired`, `resolved`, `acknowledged`, `escalated`, `reminded`, `muted`, `unmuted` or `tested`. */
            what: string;
        };
        /** @description Changes of fields (JSON Merge Patch, RFC 7396): what is left out stays, null empties. An alert as it is sent. */
        AlertPatch: {
            /** @description The hours in which it stands; always without it. Silence counts from their beginning. */
            between?: {
                from: string;
                to: string;
                /** Format: iana-time-zone */
                zone?: string;
            } | null;
            /**
             * Format: int32
             * @description Seconds between two notices that it fires; 300 without it.
             */
            cooldown_s?: number | null;
            /** @description False to let it rest. */
            enabled?: boolean | null;
            /** @description What people call it, and what a notice begins with. */
            name?: string;
            /** @description What to do when it fires, in your words. */
            note?: string | null;
            /** @description Whom else to tell while nobody has acknowledged, in the order of time. */
            then?: {
                /** Format: int32 */
                after_s: number;
                to: string[];
            }[] | null;
            /** @description Keys of the channels that are told. */
            to?: string[] | null;
            /** @description Key of the view that it looks at, not a private one; of the server, none. */
            view?: string | null;
            /** @description When it fires: so many activities of the view, at least, within so many seconds; none for so long; a value that no activity of the view had before; who sends by the key of this name, or anybody, broke its rhythm; nothing can be stored or delivered. Times are those of receipt. */
            when?: {
                /** Format: int32 */
                count: number;
                /** Format: int32 */
                within_s: number;
            } | {
                /** Format: int32 */
                silent_s: number;
            } | {
                /** @enum {string} */
                first_by: "partner" | "flavor" | "message" | "campaign";
            } | {
                source_silent: string;
            } | {
                /** @enum {boolean} */
                pulse: true;
            };
        };
        /** @description How an example went. */
        AlertTest: {
            /** @description By channel. */
            sent: components["schemas"]["AlertTestSent"][];
        };
        /** @description How an example went by one channel. */
        AlertTestSent: {
            /** @description Key of the channel. */
            channel: string;
            /** @description Why it was not. */
            fault: string | null;
            /** @description True when it was taken. */
            taken: boolean;
        };
        /** @description Whether all alerts are mute. */
        AllMute: {
            mute: null | components["schemas"]["Mute"];
        };
        /** @description An amendment as a subscription is told of it. */
        Amended: {
            /** @description Place of the amendment. */
            at: components["schemas"]["u64"];
            /** @description `human`, `machine` or `unclear`. */
            grade: string;
            /** @description Why that grade. */
            grade_reasons: string[];
            /**
             * Format: uuid
             * @description Identity of the activity.
             */
            id: string;
            /** @description The whole activity, when it matches only now. */
            item?: components["schemas"]["Activity"];
            /** @description True when it no longer matches. */
            left?: boolean;
            /** @description Place of the activity. */
            seq: components["schemas"]["u64"];
        };
        /** @description The amendment of an activity. */
        Amendment: {
            /** @description The position after it. */
            cursor: string;
            /**
             * Format: uuid
             * @description The activity's.
             */
            id: string;
            /**
             * Format: int64
             * @description Place of the entry that gave it this grade: the amendment, or the activity itself where it had that grade already.
             */
            seq: number;
        };
        /** @description The grade that an activity is to have. */
        AmendmentDraft: {
            /**
             * @description Whether a person acted.
             * @enum {string}
             */
            grade: "unclear" | "human" | "machine";
            /** @description Why, as in `declared_bot`. */
            grade_reasons: string[];
        };
        /** @description What became of many drafts, or the first receipt of one that was stored before. */
        Answered: components["schemas"]["Receipts"] | components["schemas"]["Receipt"];
        /** @description Who has changed something. */
        AuditActor: {
            /**
             * Format: int64
             * @description Its number; the server has none.
             */
            id: number | null;
            /** @description `member`, `key`, `site`, `guest`, `share`, `screen`, or `server`: the command line and the server itself. */
            kind: string;
            /** @description The email of a member, the name of a key, as far as it is known. */
            name: string | null;
        };
        /** @description One line of the audit. */
        AuditEntry: {
            /** @description What was done: `made`, `changed`, `removed` or `exported`. */
            action: string;
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description By whom. */
            by: components["schemas"]["AuditActor"];
            /** @description Names of the fields that changed; what stood in them is not kept. */
            fields: string[];
            /**
             * Format: int64
             * @description Its number; later ones are larger.
             */
            id: number;
            /** @description Its key, name or email, while it is there. */
            key: string | null;
            /** @description What it was done with, as in `partner`. */
            kind: string;
            /**
             * Format: int64
             * @description Number of that.
             */
            number: number;
        };
        /** @description What hangs over a wall for a while. */
        Banner: {
            /** @description What it says. */
            text: string;
            /**
             * Format: date-time
             * @description When it goes by itself.
             */
            until: string;
        };
        /** @description What hangs over a wall for a while. */
        BannerDraft: {
            /** @description What it says; without it the one that hangs is taken away. */
            text?: string | null;
            /**
             * Format: date-time
             * @description When it goes by itself.
             */
            until?: string | null;
        };
        /** @description The hours in which an alert stands; over midnight where they turn. */
        Between: {
            /** @description `09:00`: from then on. */
            from: string;
            /** @description `17:30`: up to then. */
            to: string;
            /** @description IANA time zone. */
            zone: string;
        };
        /** @description One bucket. */
        Bucket: {
            /**
             * Format: int64
             * @description How many activities.
             */
            count: number;
            /**
             * Format: date-time
             * @description Its start.
             */
            start: string;
        };
        /** @description The server ends the connection. */
        Bye: {
            /** @description Why. */
            reason: string;
            /**
             * Format: int64
             * @description When to come back, in milliseconds.
             */
            reconnect_after_ms: number;
            /** @description The word. */
            type: string;
        };
        /** @description A campaign. */
        Campaign: {
            /** @description Its key, as first spelled. */
            key: string;
            /** @description Its name. */
            name: string;
        };
        /** @description A campaign as it is sent. */
        CampaignDraft: {
            /** @description What people read. */
            name: string;
        };
        /** @description Changes of fields (JSON Merge Patch, RFC 7396): what is left out stays, null empties. A campaign as it is sent. */
        CampaignPatch: {
            /** @description What people read. */
            name?: string;
        };
        /** @description Catching up has ended: from here on it is live. */
        CaughtUp: {
            /** @description Everything up to here has been sent. */
            position: string;
            /** @description Which subscription. */
            sub: string;
            /** @description The word. */
            type: string;
        };
        /** @description Names that may be shown have changed; at most one such frame a second. */
        Changed: {
            /** @description Which: `expo-2026`, or `expo-2026/acme`; at most 100. Null when there are more: read the directory again. */
            keys?: string[] | null;
            /** @description The word. */
            type: string;
            /** @description `event`, `partner`, `message` or `campaign`. */
            what: string;
        };
        /** @description A line that changes somebody. */
        ChangedLine: {
            /** @description Those fields as they would be. */
            becomes: {
                [key: string]: string;
            };
            /** @description Key of the partner. */
            key: string;
            /** @description The line, from 1. */
            line: number;
            /** @description The name as it is. */
            name: string;
            /** @description Which fields: `name`, `email`, `company`, `tags`. */
            what: string[];
        };
        /** @description A channel. */
        Channel: {
            /** @description What is sent in the place of Slack's own form. */
            body: string | null;
            /** @description Why that was not taken. */
            fault: string | null;
            /** @description Its key, as first spelled. */
            key: string;
            /** @description `webhook`, `slack` (Teams and others by a body of their own), `alertmanager`, `pagerduty`, `heartbeat` or `email`. */
            kind: string;
            /** @description Its name. */
            name: string;
            /** @description Which service of PagerDuty. */
            routing_key: string | null;
            /**
             * Format: date-time
             * @description When something was last sent, since the server began.
             */
            said_at: string | null;
            /** @description What it signs with, where it was just made or replaced: shown once. */
            secret?: string | null;
            /** @description Addresses of mail. */
            to: string[];
            /** @description Where it tells to. */
            url: string | null;
        };
        /** @description A channel as it is sent: each kind has fields of its own. */
        ChannelDraft: {
            /** @description Of `slack`: JSON that is sent in the place of its own form, with `{title}`, `{text}` and `{link}` in its texts. */
            body?: string | null;
            /**
             * @description How it tells.
             * @enum {string}
             */
            kind: "webhook" | "slack" | "alertmanager" | "pagerduty" | "heartbeat" | "email";
            /** @description What people call it; its kind without it. */
            name?: string | null;
            /** @description The integration key, of `pagerduty`. */
            routing_key?: string | null;
            /** @description Addresses, of `email`. */
            to?: string[] | null;
            /**
             * Format: uri
             * @description Where it tells to; of `alertmanager` without `/api/v2/alerts`, of `pagerduty` only where it is another than the usual.
             */
            url?: string | null;
        };
        /** @description Changes of fields (JSON Merge Patch, RFC 7396): what is left out stays, null empties. A channel as it is sent: each kind has fields of its own. */
        ChannelPatch: {
            /** @description Of `slack`: JSON that is sent in the place of its own form, with `{title}`, `{text}` and `{link}` in its texts. */
            body?: string | null;
            /**
             * @description How it tells.
             * @enum {string}
             */
            kind?: "webhook" | "slack" | "alertmanager" | "pagerduty" | "heartbeat" | "email";
            /** @description What people call it; its kind without it. */
            name?: string | null;
            /** @description The integration key, of `pagerduty`. */
            routing_key?: string | null;
            /** @description Addresses, of `email`. */
            to?: string[] | null;
            /**
             * Format: uri
             * @description Where it tells to; of `alertmanager` without `/api/v2/alerts`, of `pagerduty` only where it is another than the usual.
             */
            url?: string | null;
        };
        /** @description A new secret. */
        ChannelSecret: {
            /** @description What the channel signs with from now on: shown once. */
            secret: string;
        };
        /** @description A platform or a browser. */
        ClientView: {
            /** @description Display name, as in `Windows` or `Internet Explorer`. */
            name: string;
            /** @description As in `10` or `142`. */
            version?: string | null;
        };
        /** @description A CloudEvent 1.0 in JSON: type is the flavor, time `occurred_at`, `data` the rest of a draft. */
        CloudEvent: {
            /** @description A draft without flavor, `occurred_at` and id. */
            data: Record<string, never>;
            /** @description JSON, or left out. */
            datacontenttype?: string | null;
            /** @description Unique within its source. */
            id: string;
            /** @description With `id` it makes the id of the activity: a UUIDv5 over source, line feed, id. */
            source: string;
            /**
             * @description `1.0`.
             * @constant
             */
            specversion: "1.0";
            /**
             * Format: date-time
             * @description When it was done; now when left out.
             */
            time?: string | null;
            /** @description The flavor. */
            type: string;
        };
        /** @description Counts by value. */
        Counts: {
            /** @description By field: each counted without its own clauses, under all others; most frequent first. */
            by: {
                [key: string]: components["schemas"]["ValueCount"][];
            };
            /** @description False when the search had used up its time: counts are the least that there are. */
            complete: boolean;
            /**
             * Format: date-time
             * @description How far back it was counted then; null when it was counted to the start.
             */
            counted_back_to: string | null;
            /** @description By field: different values that activities have, listed or not. */
            different: {
                [key: string]: number;
            };
            /** @description The position that was counted up to. */
            position: string;
            /** @description By field: activities of values that are not listed. */
            rest: {
                [key: string]: number;
            };
            /**
             * Format: int64
             * @description Activities that match the whole filter set.
             */
            total: number;
        };
        /** @description Counts by step. */
        Course: {
            /** @description Activities in. */
            in: number[];
            /** @description Deliveries out. */
            out: number[];
        };
        /** @description A line about somebody whom an earlier one is about. */
        DoubledLine: {
            /** @description The earlier one, which counts. */
            first: number;
            /** @description The line, from 1. */
            line: number;
        };
        /** @description A draft: an activity as it is sent. Only `flavor` and `partner` are required, and `event` unless the key is bound to one. */
        Draft: {
            /**
             * @description `partner`, `invitee` or `unknown`; by default from the flavor.
             * @enum {string|null}
             */
            actor?: "partner" | "invitee" | "unknown" | null;
            /** @description Browser: a name, or a name and a version. */
            browser?: null | string | {
                name: string;
                version?: string;
            };
            /** @description Key of the invite campaign it names. */
            campaign?: string | null;
            /**
             * @description Class of device.
             * @enum {string|null}
             */
            device?: "desktop" | "mobile" | "tablet" | "tv" | "console" | "wearable" | "bot" | "email_client" | "unknown" | null;
            /**
             * @description Key of the event.
             * @example expo-2026
             */
            event?: string | null;
            /**
             * @description What was done, as in `message.opened`.
             * @example message.opened
             */
            flavor: string;
            /**
             * Format: uuid
             * @description The sender's UUID: sending it again is safe.
             */
            id?: string | null;
            /** @description The address it came from, with a port or as the first of a list too; masked before anything is stored. */
            ip?: string | null;
            /** @description Key of the message it names. */
            message?: string | null;
            /**
             * Format: date-time
             * @description When it was done; now when left out.
             */
            occurred_at?: string | null;
            /**
             * @description Key of the partner.
             * @example acme
             */
            partner: string;
            /** @description Operating system: a name, or a name and a version. */
            platform?: null | string | {
                name: string;
                version?: string;
            };
            /** @description At most 32, flat: text, number or boolean; 4 KiB. */
            properties?: {
                [key: string]: string | number | boolean;
            } | null;
            /** @description The page before, by the same rule. */
            referrer_url?: string | null;
            /** @description Where it happened: http or https; what is neither is left out with a warning. User and password are never kept. */
            source_url?: string | null;
            /** @description Cut at 2,048 bytes. From which device, platform and browser are read where they are not given. */
            user_agent?: string | null;
        };
        /** @description One draft, or many. */
        Drafts: components["schemas"]["Draft"] | components["schemas"]["Draft"][];
        /** @description An erasure as a subscription is told of it. */
        Erased: {
            /** @description Place of the erasure. */
            at: components["schemas"]["u64"];
            /**
             * Format: uuid
             * @description Identity of the activity.
             */
            id: string;
            /** @description Its place. */
            seq: components["schemas"]["u64"];
        };
        /** @description Something could not be done. */
        Error: {
            /** @description A stable word. */
            code: string;
            /** @description What is wrong and what to do. */
            message: string;
            /** @description As the client sent it. */
            ref?: string | null;
            /** @description True when the same word may succeed later. */
            retry: boolean;
            /** @description Which subscription, if one is at fault. */
            sub?: string | null;
            /** @description The word. */
            type: string;
        };
        /** @description An event. */
        Event: {
            /** @description Its key, as first spelled. */
            key: string;
            /** @description Its name. */
            name: string;
            /**
             * Format: int64
             * @description How many partners it has.
             */
            partners: number;
        };
        /** @description An event as it is sent. */
        EventDraft: {
            /** @description What people read. */
            name: string;
        };
        /** @description Changes of fields (JSON Merge Patch, RFC 7396): what is left out stays, null empties. An event as it is sent. */
        EventPatch: {
            /** @description What people read. */
            name?: string;
        };
        /** @description One clause that keeps an activity out. */
        Exclusion: {
            /** @description What the activity has there: text, a list for memberships, or null. */
            actual: unknown;
            /** @description `partner`, `not.browser`, `text`. */
            clause: string;
            /** @description `view` when it is a clause of the view; absent when it is one of the filter set that was sent. */
            in?: string | null;
            /** @description What the clause asks for or, under `not`, refuses. */
            wanted: string[];
        };
        /** @description One field at fault. */
        Fault: {
            /** @description Which rule, for programs. */
            code: string;
            /** @description The rule and its cure, for people. */
            message: string;
            /** @description Where: `occurred_at`, `properties.amount`, `not.device[0]`. */
            path: string;
        };
        /** @description A conjunction: each field a set of values (any of them), or under `not` (none of them). `{}` is everything. */
        FilterSet: {
            /** @description Activities that name the message. */
            about?: string[] | null;
            /** @description `partner`, `invitee`, `unknown`. */
            actor?: ("partner" | "invitee" | "unknown")[] | null;
            /** @description Display names of browsers, and the usual other names. */
            browser?: string[] | null;
            /** @description Keys of campaigns. */
            campaign?: string[] | null;
            /** @description Classes of device. */
            device?: ("desktop" | "mobile" | "tablet" | "tv" | "console" | "wearable" | "bot" | "email_client" | "unknown")[] | null;
            /** @description Keys of events. */
            event?: string[] | null;
            /** @description Flavors; a value ending in `.*` takes the family. */
            flavor?: string[] | null;
            /** @description `human`, `machine`, `unclear`. */
            grade?: ("human" | "machine" | "unclear")[] | null;
            /** @description UUIDs of activities. */
            id?: string[] | null;
            /** @description Activities of partners who are recipients of the message, whatever the activity names. */
            message?: string[] | null;
            /** @description The same fields: none of these values. */
            not?: {
                [key: string]: string[];
            } | null;
            /** @description Keys of partners, in every event, or `event/partner` in one. */
            partner?: string[] | null;
            /** @description Display names of platforms, and the usual other names. */
            platform?: string[] | null;
            /** @description Hosts of referrer URLs, or prefixes of them with scheme. */
            referrer?: string[] | null;
            /** @description Hosts of source URLs, or prefixes of them with scheme. */
            source?: string[] | null;
            /** @description Tags of the partner. */
            tag?: string[] | null;
            /** @description Words, each found somewhere in names, label, URLs or property values. */
            text?: string | null;
        };
        /** @description The query form of a FilterSet. */
        FilterSetQuery: {
            about?: string[];
            actor?: string[];
            browser?: string[];
            campaign?: string[];
            device?: string[];
            event?: string[];
            flavor?: string[];
            grade?: string[];
            id?: string[];
            message?: string[];
            "not.about"?: string[];
            "not.actor"?: string[];
            "not.browser"?: string[];
            "not.campaign"?: string[];
            "not.device"?: string[];
            "not.event"?: string[];
            "not.flavor"?: string[];
            "not.grade"?: string[];
            "not.id"?: string[];
            "not.message"?: string[];
            "not.partner"?: string[];
            "not.platform"?: string[];
            "not.referrer"?: string[];
            "not.source"?: string[];
            "not.tag"?: string[];
            partner?: string[];
            platform?: string[];
            referrer?: string[];
            source?: string[];
            tag?: string[];
            text?: string;
        };
        /** @description Something that is not well. */
        Finding: {
            /** @description `warn` or `bad`. */
            level: string;
            /** @description What it is and what to do. */
            message: string;
            /** @description Which figure it is about. */
            what: string;
        };
        /** @description A flavor. */
        Flavor: {
            /** @description Who acts unless the sender says otherwise: `partner`, `invitee` or `unknown`. */
            actor: string;
            /** @description As in `message.opened`. */
            key: string;
            /** @description What people read. */
            label: string;
            /** @description True when it is of the standard set. */
            standard: boolean;
        };
        /** @description A partner that no line is about. */
        GonePartner: {
            /** @description Its key. */
            key: string;
            /** @description Its name. */
            name: string;
        };
        /** @description Counts by time. */
        Histogram: {
            /** @description False when the search had used up its time before all was counted. */
            complete: boolean;
            /**
             * Format: date-time
             * @description Where it was not complete: buckets that start at or after this time are whole, of those before it counts are the least
             *     that there are.
             */
            counted_back_to?: string | null;
            /** @description Buckets that are not empty, ascending. */
            items: components["schemas"]["Bucket"][];
            /** @description Where it was not complete: ask the same with this as `before`, and add what comes to these buckets. */
            older?: string | null;
            /** @description The position that was counted up to. */
            position: string;
        };
        /** @description A list that was imported. */
        Import: {
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description By whom, as in `member:3`. */
            by: string;
            /** @description Partners that were changed. */
            changed: number;
            /** @description Key of the event. */
            event: string;
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /** @description Partners that were not there before. */
            new: number;
            /** @description Lines that said what was so already. */
            same: number;
            /** @description `done`, `undone`, or `unfinished` where the server ended meanwhile. */
            state: string;
            /** @description The tag of those that were new or changed. */
            tag: string;
            /**
             * Format: date-time
             * @description Until when it can be taken back.
             */
            undo_until: string;
        };
        /** @description A column of a list. */
        ImportColumn: {
            /** @description What it becomes: `key`, `name`, `email`, `company` or `tags`; null is left out. */
            field: string | null;
            /** @description Some of its cells. */
            sample: string[];
            /** @description Its title; empty where there is none. */
            title: string;
        };
        /** @description What a list did, or would do. */
        ImportResult: {
            /** @description Partners that are others. */
            changed: number;
            /** @description The first 100 changes. */
            changed_lines: components["schemas"]["ChangedLine"][];
            /** @description Its columns. */
            columns: components["schemas"]["ImportColumn"][];
            /** @description Lines about somebody whom an earlier line is about. */
            doubled: number;
            /** @description The first 100 doubled lines. */
            doubled_lines: components["schemas"]["DoubledLine"][];
            /** @description What the list is written in, as in `UTF-8`, `windows-1252` or `xlsx`. */
            encoding: string;
            /** @description The first 1,000 faults. */
            errors: components["schemas"]["LineFault"][];
            /** @description Lines that cannot be used. */
            faulty: number;
            /** @description Partners of the event that no line is about. They stay. */
            gone: number;
            /** @description The first 100 partners that no line is about. */
            gone_partners: components["schemas"]["GonePartner"][];
            /**
             * Format: int64
             * @description Number of the import; null where it was only looked at, or nothing was to be done.
             */
            import_id: number | null;
            /** @description Partners that were not there. */
            new: number;
            /** @description The first 100 new partners. */
            new_lines: components["schemas"]["NewLine"][];
            /** @description Lines that say what is so already. */
            same: number;
            /** @description What stands between two cells; null for a workbook. */
            separator: string | null;
            /** @description The tag of those that are new or changed. */
            tag: string;
        };
        /** @description What taking an import back did, or would do. */
        ImportUndo: {
            /** @description Keys of partners that stay: they have acted, or were changed since. */
            kept: string[];
            /** @description Partners that it had made, and that are gone. */
            removed: number;
            /** @description Partners that it had changed, and that are as before. */
            restored: number;
        };
        /** @description An invitation. */
        Invitation: {
            /** @description Their email. */
            email: string;
            /** @description Keys of the events that are to exist for them; null is all. */
            events: string[] | null;
            /**
             * Format: date-time
             * @description When it is too old.
             */
            expires_at: string;
            /**
             * Format: int64
             * @description Number of the member that they are to be.
             */
            id: number;
            /** @description True where it was sent by mail too. */
            mailed: boolean;
            /** @description What they are to be. */
            role: string;
            /** @description The link, shown once: a page with one button. */
            url: string;
        };
        /** @description Somebody who is to become a member. */
        InvitationDraft: {
            /** @description Their email: what they sign in with. */
            email: string;
            /** @description Keys of the only events that exist for them; null or nothing is all. */
            events?: string[] | null;
            /** @description What people call them. */
            name?: string | null;
            /**
             * @description What they may do: `owner`, `admin`, `editor`, `operator` or `viewer`.
             * @enum {string}
             */
            role: "owner" | "admin" | "editor" | "operator" | "viewer";
        };
        /** @description A key, without its secret. */
        Key: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description The only event that exists for it. */
            event: string | null;
            /**
             * Format: date-time
             * @description When it ends by itself.
             */
            expires_at: string | null;
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /** @description `key`, or `site`: one that stands in web pages and only collects. */
            kind: string;
            /** @description What people call it. */
            name: string;
            /** @description Origins whose pages may use it, where it is a site key. */
            origins: string[];
            /**
             * Format: int32
             * @description Activities a second that it may send, where it has a rate of its own.
             */
            rate_per_s: number | null;
            /**
             * Format: date-time
             * @description When it was revoked.
             */
            revoked_at: string | null;
            /** @description What it may do: `ingest`, `read`, `admin`. */
            scopes: string[];
        };
        /** @description A key to be made. */
        KeyDraft: {
            /** @description Key of the only event that exists for it. */
            event?: string | null;
            /**
             * Format: date-time
             * @description When it ends by itself, and every stream with it.
             */
            expires_at?: string | null;
            /**
             * @description `key`, or nothing.
             * @enum {string|null}
             */
            kind?: "key" | null;
            /** @description What people call it. */
            name?: string | null;
            /**
             * Format: int32
             * @description Activities, and requests that send some, a second; without it the server's own rate.
             */
            rate_per_s?: number | null;
            /** @description One or more of `ingest`, `read`, `admin`. */
            scopes: ("ingest" | "read" | "admin")[];
        };
        /** @description The reader was too slow and is served from the log. */
        Lagging: {
            /** @description The end of the log now. */
            head: string;
            /** @description Everything up to here has been sent. */
            position: string;
            /**
             * Format: int64
             * @description Entries of the log between `position` and `head`.
             */
            remaining: number;
            /** @description Which subscription. */
            sub: string;
            /** @description The word. */
            type: string;
        };
        /** @description What keeps a line from being used. */
        LineFault: {
            /** @description Which rule. */
            code: string;
            /** @description Title of the column, or its number from 1; empty where it is of the whole line. */
            column: string;
            /** @description The line, from 1. */
            line: number;
            /** @description The rule and its cure. */
            message: string;
        };
        /** @description A page of a list. */
        ListBody_Alert: {
            /** @description By key. */
            items: components["schemas"]["Alert"][];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_AlertLine: {
            /** @description By key. */
            items: {
                /**
                 * Format: date-time
                 * @description When.
                 */
                at: string;
                /** @description Who did it; null where it came by itself. */
                by: string | null;
                /** @description Its identity: every notice of it carries this. */
                id: string;
                /** @description What was told of it. */
                notices: components["schemas"]["Notice"][];
                /** @description Why, for people. */
                text: string;
                /** @description `fired`, `resolved`, `acknowledged`, `escalated`, `reminded`, `muted`, `unmuted` or `tested`. */
                what: string;
            }[];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_AuditEntry: {
            /** @description By key. */
            items: {
                /** @description What was done: `made`, `changed`, `removed` or `exported`. */
                action: string;
                /**
                 * Format: date-time
                 * @description When.
                 */
                at: string;
                /** @description By whom. */
                by: components["schemas"]["AuditActor"];
                /** @description Names of the fields that changed; what stood in them is not kept. */
                fields: string[];
                /**
                 * Format: int64
                 * @description Its number; later ones are larger.
                 */
                id: number;
                /** @description Its key, name or email, while it is there. */
                key: string | null;
                /** @description What it was done with, as in `partner`. */
                kind: string;
                /**
                 * Format: int64
                 * @description Number of that.
                 */
                number: number;
            }[];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_Campaign: {
            /** @description By key. */
            items: components["schemas"]["Campaign"][];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_Channel: {
            /** @description By key. */
            items: components["schemas"]["Channel"][];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_Event: {
            /** @description By key. */
            items: components["schemas"]["Event"][];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_Flavor: {
            /** @description By key. */
            items: {
                /** @description Who acts unless the sender says otherwise: `partner`, `invitee` or `unknown`. */
                actor: string;
                /** @description As in `message.opened`. */
                key: string;
                /** @description What people read. */
                label: string;
                /** @description True when it is of the standard set. */
                standard: boolean;
            }[];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_Import: {
            /** @description By key. */
            items: {
                /**
                 * Format: date-time
                 * @description When.
                 */
                at: string;
                /** @description By whom, as in `member:3`. */
                by: string;
                /** @description Partners that were changed. */
                changed: number;
                /** @description Key of the event. */
                event: string;
                /**
                 * Format: int64
                 * @description Its number.
                 */
                id: number;
                /** @description Partners that were not there before. */
                new: number;
                /** @description Lines that said what was so already. */
                same: number;
                /** @description `done`, `undone`, or `unfinished` where the server ended meanwhile. */
                state: string;
                /** @description The tag of those that were new or changed. */
                tag: string;
                /**
                 * Format: date-time
                 * @description Until when it can be taken back.
                 */
                undo_until: string;
            }[];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_Key: {
            /** @description By key. */
            items: {
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                created_at: string;
                /** @description The only event that exists for it. */
                event: string | null;
                /**
                 * Format: date-time
                 * @description When it ends by itself.
                 */
                expires_at: string | null;
                /**
                 * Format: int64
                 * @description Its number.
                 */
                id: number;
                /** @description `key`, or `site`: one that stands in web pages and only collects. */
                kind: string;
                /** @description What people call it. */
                name: string;
                /** @description Origins whose pages may use it, where it is a site key. */
                origins: string[];
                /**
                 * Format: int32
                 * @description Activities a second that it may send, where it has a rate of its own.
                 */
                rate_per_s: number | null;
                /**
                 * Format: date-time
                 * @description When it was revoked.
                 */
                revoked_at: string | null;
                /** @description What it may do: `ingest`, `read`, `admin`. */
                scopes: string[];
            }[];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_Member: {
            /** @description By key. */
            items: {
                /**
                 * Format: date-time
                 * @description When they were invited.
                 */
                created_at: string;
                /** @description Their email. */
                email: string;
                /** @description Keys of the events that exist for them; null is all. */
                events: string[] | null;
                /**
                 * Format: int64
                 * @description Its number.
                 */
                id: number;
                /**
                 * Format: date-time
                 * @description When they came.
                 */
                joined_at: string | null;
                /** @description The language that they read, `en` or `de`. */
                language: string | null;
                /** @description What people call them; may be empty. */
                name: string;
                /** @description `owner`, `admin`, `editor`, `operator` or `viewer`. */
                role: string;
                /** @description True where they sign in with a second factor. */
                second_factor: boolean;
                /** @description `invited` or `active`. */
                state: string;
                /**
                 * Format: date-time
                 * @description When they were last here, to the minute.
                 */
                used_at: string | null;
            }[];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_MemberSession: {
            /** @description By key. */
            items: {
                /**
                 * Format: date-time
                 * @description When it began.
                 */
                created_at: string;
                /** @description True for the one that asks. */
                current: boolean;
                /**
                 * Format: date-time
                 * @description When it ends if nothing is done until then.
                 */
                expires_at: string | null;
                /**
                 * Format: int64
                 * @description Its number.
                 */
                id: number;
                /**
                 * Format: int64
                 * @description Number of the member whose it is.
                 */
                member: number;
                /** @description The browser and its platform, as far as they are known. */
                place: string;
                /**
                 * Format: date-time
                 * @description When it was last used, to the minute.
                 */
                used_at: string | null;
            }[];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_Message: {
            /** @description By key. */
            items: components["schemas"]["Message"][];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_Partner: {
            /** @description By key. */
            items: components["schemas"]["Partner"][];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_Recipient: {
            /** @description By key. */
            items: {
                /** @description Who. */
                partner: components["schemas"]["RecipientPartner"];
                /** @description How it became one: `manual` or `observed`. */
                source: string;
            }[];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_Screen: {
            /** @description By key. */
            items: {
                /** @description Which build of the page it runs. */
                build: string | null;
                /**
                 * Format: double
                 * @description Seconds that its picture is behind, or its clock ahead.
                 */
                by_s: number | null;
                /**
                 * Format: date-time
                 * @description When it was paired.
                 */
                created_at: string;
                /**
                 * Format: int32
                 * @description Frames a second.
                 */
                fps: number | null;
                /**
                 * Format: int32
                 * @description Height of its picture.
                 */
                height: number | null;
                /**
                 * Format: int64
                 * @description Its number.
                 */
                id: number;
                /** @description What people call it. */
                name: string;
                /** @description True when it runs another build of the page than this server has. */
                old_build: boolean;
                /**
                 * Format: date-time
                 * @description When it last painted, by its own clock.
                 */
                painted_at: string | null;
                /**
                 * Format: date-time
                 * @description When it was last heard of.
                 */
                seen_at: string | null;
                /**
                 * Format: date-time
                 * @description Since when it is so, where that is known.
                 */
                since: string | null;
                /**
                 * @description `live`, `behind`, `frozen` (it talks and paints nothing), `clock` (its clock is wrong), `stale` (not heard of, it reconnects),
                 *     `gone`, or `new` (never heard of).
                 */
                state: string;
                /** @description Key of the wall that it shows. */
                wall: string | null;
                /**
                 * Format: int32
                 * @description Width of its picture in CSS pixels.
                 */
                width: number | null;
            }[];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_Share: {
            /** @description By key. */
            items: {
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                created_at: string;
                /**
                 * Format: date-time
                 * @description When it ends by itself; null is never.
                 */
                expires_at: string | null;
                /** @description True where it may be taken out as a file. */
                export: boolean;
                /**
                 * Format: int64
                 * @description Its number.
                 */
                id: number;
                /** @description What is left out: `contact` or `names`; null leaves out nothing. */
                mask: string | null;
                /** @description What people call it. */
                name: string;
                /** @description Key of the one partner that it shows, where it was made for one. */
                partner: string | null;
                /**
                 * Format: date-time
                 * @description When it was revoked.
                 */
                revoked_at: string | null;
                /**
                 * Format: int64
                 * @description The number of those that were made together with it: revoked, it revokes them all.
                 */
                together: number | null;
                /**
                 * Format: date-time
                 * @description When it was last used, to the minute.
                 */
                used_at: string | null;
                /** @description Key of the view that it shows. */
                view: string;
            }[];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_View: {
            /** @description By key. */
            items: components["schemas"]["View"][];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_Wall: {
            /** @description By key. */
            items: components["schemas"]["Wall"][];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description A page of a list. */
        ListBody_Webhook: {
            /** @description By key. */
            items: {
                /**
                 * Format: int32
                 * @description The status that it was answered with; null where there was no answer.
                 */
                answered: number | null;
                /**
                 * Format: int32
                 * @description Attempts at what is next, so far.
                 */
                attempts: number;
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                created_at: string;
                /** @description False while it rests. */
                enabled: boolean;
                /** @description Why it was not taken. */
                fault: string | null;
                /** @description Its key, as first spelled. */
                key: string;
                /**
                 * Format: int64
                 * @description Entries of the log behind that: at most so many activities are to be sent.
                 */
                lag: number;
                /**
                 * Format: date-time
                 * @description When the next attempt is due, while it fails.
                 */
                next_at: string | null;
                /** @description Everything up to here was taken. */
                position: string;
                /** @description What it signs with, where it was just made or replaced: shown once. */
                secret?: string | null;
                /** @description `ok`, `failing` (it is tried again), `ended` (the receiver said 410: put it again to go on) or `resting`. */
                state: string;
                /**
                 * Format: date-time
                 * @description When the last attempt was made.
                 */
                tried_at: string | null;
                /** @description Where it sends to. */
                url: string;
                /** @description Key of the view whose activities it sends. */
                view: string;
            }[];
            /** @description Where the next page begins, for `after`; null at the end. */
            next: string | null;
        };
        /** @description Who a signed-in member is. */
        Me: {
            /** @description Their email. */
            email: string;
            /** @description True where they have chosen a password. */
            has_password: boolean;
            /**
             * Format: int64
             * @description Number of the member.
             */
            id: number;
            /** @description The language that they read, `en` or `de`. */
            language: string | null;
            /** @description What people call them; may be empty. */
            name: string;
            /** @description `owner`, `admin`, `editor`, `operator` or `viewer`. */
            role: string;
            /** @description True where they sign in with a second factor. */
            second_factor: boolean;
            /** @description Every workspace that they are a member of. */
            workspaces: components["schemas"]["Workspace"][];
        };
        /** @description A member. */
        Member: {
            /**
             * Format: date-time
             * @description When they were invited.
             */
            created_at: string;
            /** @description Their email. */
            email: string;
            /** @description Keys of the events that exist for them; null is all. */
            events: string[] | null;
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /**
             * Format: date-time
             * @description When they came.
             */
            joined_at: string | null;
            /** @description The language that they read, `en` or `de`. */
            language: string | null;
            /** @description What people call them; may be empty. */
            name: string;
            /** @description `owner`, `admin`, `editor`, `operator` or `viewer`. */
            role: string;
            /** @description True where they sign in with a second factor. */
            second_factor: boolean;
            /** @description `invited` or `active`. */
            state: string;
            /**
             * Format: date-time
             * @description When they were last here, to the minute.
             */
            used_at: string | null;
        };
        /** @description Changes of fields (JSON Merge Patch, RFC 7396): what is left out stays, null empties. What may be changed of a member. */
        MemberPatch: {
            /** @description Keys of the only events that exist for them; null or nothing is all. */
            events?: string[] | null;
            /**
             * @description The language that they read.
             * @enum {string|null}
             */
            language?: "en" | "de" | null;
            /** @description What people call them. */
            name?: string | null;
            /**
             * @description What they may do: `owner`, `admin`, `editor`, `operator` or `viewer`.
             * @enum {string}
             */
            role?: "owner" | "admin" | "editor" | "operator" | "viewer";
        };
        /** @description A signed-in browser of a member. */
        MemberSession: {
            /**
             * Format: date-time
             * @description When it began.
             */
            created_at: string;
            /** @description True for the one that asks. */
            current: boolean;
            /**
             * Format: date-time
             * @description When it ends if nothing is done until then.
             */
            expires_at: string | null;
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /**
             * Format: int64
             * @description Number of the member whose it is.
             */
            member: number;
            /** @description The browser and its platform, as far as they are known. */
            place: string;
            /**
             * Format: date-time
             * @description When it was last used, to the minute.
             */
            used_at: string | null;
        };
        /** @description A message. */
        Message: {
            /** @description Its key, as first spelled. */
            key: string;
            /**
             * Format: int64
             * @description How many recipients it has.
             */
            recipients: number;
            /** @description Its subject. */
            subject: string;
        };
        /** @description A message as it is sent. */
        MessageDraft: {
            /** @description What people read. */
            subject: string;
        };
        /** @description Changes of fields (JSON Merge Patch, RFC 7396): what is left out stays, null empties. A message as it is sent. */
        MessagePatch: {
            /** @description What people read. */
            subject?: string;
        };
        /** @description Why nobody is told. */
        Mute: {
            /** @description Who said so. */
            by: string;
            /**
             * Format: date-time
             * @description Until when.
             */
            until: string;
            /** @description Why. */
            why: string;
        };
        /** @description Until when nobody is told, and why. */
        MuteDraft: {
            /**
             * Format: date-time
             * @description Until when nobody is told; without it they are told again.
             */
            until?: string | null;
            /** @description Why, for those who read it. */
            why?: string | null;
        };
        /** @description A new key, with its secret. */
        NewKey: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description The only event that exists for it. */
            event: string | null;
            /**
             * Format: date-time
             * @description When it ends by itself.
             */
            expires_at: string | null;
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /** @description The secret: shown once, kept only as a hash. */
            key: string;
            /** @description `key` or `site`. */
            kind: string;
            /** @description What people call it. */
            name: string;
            /** @description Origins whose pages may use it, where it is a site key. */
            origins: string[];
            /**
             * Format: int32
             * @description Activities a second that it may send, where it has a rate of its own.
             */
            rate_per_s: number | null;
            /** @description What it may do. */
            scopes: string[];
        };
        /** @description A key to be made, or a site key. */
        NewKeyDraft: components["schemas"]["KeyDraft"] | components["schemas"]["SiteKeyDraft"];
        /** @description A line about somebody new. */
        NewLine: {
            /** @description Their company. */
            company: string | null;
            /** @description Their email. */
            email: string | null;
            /** @description The key that they get. */
            key: string;
            /** @description The line, from 1. */
            line: number;
            /** @description Their name. */
            name: string;
        };
        /** @description A screen that was made. */
        NewScreen: components["schemas"]["Screen"] & {
            /** @description The address of one that was made without a code, for a player that keeps nothing: shown once. */
            url: string | null;
        };
        /** @description A new share, with its link. */
        NewShare: {
            /**
             * Format: date-time
             * @description When it ends by itself; null is never.
             */
            expires_at: string | null;
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /** @description The link: shown once. Whoever has it sees the view. */
            url: string;
        };
        /** @description When a wall is dimmed, in its zone; over midnight where they turn. */
        Night: {
            /** @description `22:00`: from then on. */
            from: string;
            /** @description `06:30`: up to then. */
            to: string;
        };
        /** @description What was told by one channel. */
        Notice: {
            /**
             * Format: date-time
             * @description When the last was made.
             */
            at: string | null;
            /**
             * Format: int32
             * @description Attempts so far.
             */
            attempts: number;
            /** @description Key of the channel. */
            channel: string;
            /** @description Why it was not taken. */
            fault: string | null;
            /** @description `sent`, `waiting` (it is tried again) or `failed` (it was given up). */
            state: string;
        };
        /** @description What a screen is to do, once. */
        OrderDraft: {
            /**
             * @description `blink` shows its name, `test` the test picture, `rotate` the next view; `reload` loads the page anew.
             * @enum {string}
             */
            say: "blink" | "test" | "reload" | "rotate";
        };
        /** @description A partner. */
        Partner: {
            /** @description Its company. */
            company: string | null;
            /** @description Its email address. */
            email: string | null;
            /** @description Its key, as first spelled. */
            key: string;
            /** @description Its name. */
            name: string;
            /** @description Its tags. */
            tags: string[];
        };
        /** @description A partner as it is sent: what is left out is empty then. */
        PartnerDraft: {
            /** @description Its company. */
            company?: string | null;
            /** @description Its email address. */
            email?: string | null;
            /** @description What people read. */
            name: string;
            /** @description At most 64. */
            tags?: string[] | null;
        };
        /** @description Changes of fields (JSON Merge Patch, RFC 7396): what is left out stays, null empties. A partner as it is sent: what is left out is empty then. */
        PartnerPatch: {
            /** @description Its company. */
            company?: string | null;
            /** @description Its email address. */
            email?: string | null;
            /** @description What people read. */
            name?: string;
            /** @description At most 64. */
            tags?: string[] | null;
        };
        /** @description Partners to be made or replaced, all or none. */
        PartnersDraft: {
            /**
             * @description What happens to those that are there: `replace` (as when left out), or `keep`, which leaves them as they are.
             * @enum {string|null}
             */
            existing?: "replace" | "keep" | null;
            /** @description At most 10,000, each key once. */
            items: {
                /** @description Its company. */
                company?: string | null;
                /** @description Its email address. */
                email?: string | null;
                /** @description Its key. */
                key: string;
                /** @description What people read. */
                name: string;
                /** @description At most 64. */
                tags?: string[] | null;
            }[];
        };
        /** @description What became of many partners. */
        PartnersPut: {
            /** @description How many were not there before. */
            created: number;
            /** @description How many were there, and are others now. */
            replaced: number;
            /** @description How many were there and are as they were. */
            unchanged: number;
        };
        /** @description Another password. */
        PasswordDraft: {
            /**
             * Format: password
             * @description The new one, of 12 characters or more.
             */
            new: string;
            /**
             * Format: password
             * @description The password of before; who has none yet leaves it out.
             */
            password?: string | null;
        };
        PingWord: {
            t?: Record<string, never>;
        };
        /** @description Answer to a ping. */
        Pong: {
            /** @description As the client sent it. */
            ref?: string | null;
            /** @description As the client sent it. */
            t: Record<string, never>;
            /** @description The word. */
            type: string;
        };
        /** @description Nothing matched, and yet it goes on. */
        Position: {
            /**
             * Format: date-time
             * @description When the whole path was last known to work: all that was durable then has been sent.
             */
            checked_at?: string | null;
            /** @description Everything up to here has been sent. */
            position: string;
            /** @description Which subscription. */
            sub: string;
            /** @description The word. */
            type: string;
        };
        /** @description The body of a problem. */
        Problem: {
            /** @description What happened, for programs; the words are stable. */
            code: string;
            /** @description True on a demo server, where `POST /v1/session {"demo":true}` signs in. */
            demo?: boolean;
            /** @description What exactly. */
            detail: string;
            /** @description Every field that is at fault. */
            errors?: components["schemas"]["Fault"][] | null;
            /** @description The request, as the log names it; the same as in `X-Request-Id`. */
            request_id: string;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description What happened, for people. */
            title: string;
            /** @description Where the code is explained. */
            type: string;
        };
        /** @description What shows that somebody is who they are. */
        ProofDraft: {
            /**
             * Format: password
             * @description One's own password.
             */
            password: string;
        };
        /** @description The whole path has broken, or works again: sent once each, and to who comes while it is broken. */
        Pulse: {
            /**
             * @description `not_stored`: nothing can be made durable; `not_delivered`: what is durable does not reach those who read. Absent when
             *     it is `ok`.
             */
            reason?: string | null;
            /**
             * Format: date-time
             * @description When it last worked; absent when it is `ok`.
             */
            since?: string | null;
            /** @description `broken` or `ok`. */
            state: string;
            /** @description The word. */
            type: string;
        };
        /** @description Two quantiles in milliseconds. */
        Quantiles: {
            /**
             * Format: double
             * @description Half of all took no longer.
             */
            p50: number;
            /**
             * Format: double
             * @description 99 of 100 took no longer.
             */
            p99: number;
        };
        /** @description The receipt of one activity. */
        Receipt: {
            /** @description The position after it: read on from there. */
            cursor: string;
            /** @description True when the same activity was stored before; this is its first receipt. */
            duplicate?: boolean;
            /**
             * Format: uuid
             * @description The sender's id, or the one that was made.
             */
            id: string;
            /**
             * Format: date-time
             * @description When it was made durable.
             */
            recorded_at: string;
            /**
             * Format: int64
             * @description Its place in the log.
             */
            seq: number;
            /** @description What was left out, cut or read of the fields that only enrich: `source_url`, `referrer_url`, `user_agent`, `ip`. */
            warnings?: components["schemas"]["Fault"][];
        };
        /** @description What became of one of many: either `id` and `seq`, or `errors`. */
        ReceiptResult: {
            /** @description True when it was stored before. */
            duplicate?: boolean | null;
            /** @description Every field at fault; nothing of this draft was stored. */
            errors?: components["schemas"]["Fault"][] | null;
            /**
             * Format: uuid
             * @description Its id.
             */
            id?: string | null;
            /** @description Which draft, counted from 0. */
            index: number;
            /**
             * Format: int64
             * @description Its place in the log.
             */
            seq?: number | null;
            /** @description What was left out, cut or read of a stored one. */
            warnings?: components["schemas"]["Fault"][] | null;
        };
        /** @description What became of many activities. */
        Receipts: {
            /** @description How many were stored now. */
            accepted: number;
            /** @description The position after all of them. */
            cursor: string;
            /** @description How many were stored before. */
            duplicates: number;
            /** @description How many were refused. */
            rejected: number;
            /** @description One for each draft, in order. */
            results: components["schemas"]["ReceiptResult"][];
        };
        /** @description A recipient. */
        Recipient: {
            /** @description Who. */
            partner: components["schemas"]["RecipientPartner"];
            /** @description How it became one: `manual` or `observed`. */
            source: string;
        };
        /** @description The partner that a recipient is. */
        RecipientPartner: {
            /** @description Its company. */
            company: string | null;
            /** @description Its key. */
            key: string;
            /** @description Its name. */
            name: string;
        };
        /** @description What a change of recipients did. */
        RecipientsChanged: {
            /** @description Became recipients. */
            added: number;
            /** @description Ceased to be recipients. */
            removed: number;
            /** @description Recipients now. */
            total: number;
        };
        /** @description Partners to add to, and to remove from, the recipients. */
        RecipientsDraft: {
            /** @description Keys of partners, at most 10,000. */
            add?: string[] | null;
            /** @description Keys of partners, at most 10,000; an activity seen later does not bring them back. */
            remove?: string[] | null;
        };
        /** @description Recovery codes. */
        RecoveryCodes: {
            /** @description The codes, shown once; each is good once in the place of a code of the app. */
            recovery: string[];
        };
        /** @description Where to begin again. */
        RedeliverDraft: {
            /**
             * Format: cursor
             * @description Cursor: send everything after it, once more; without it the next attempt is made at once.
             */
            after?: string | null;
        };
        /** @description A new filter is in force above `position`. */
        Refiltered: {
            /** @description The newest of the new filter, oldest first. */
            items: components["schemas"]["Activity"][];
            /** @description The view is (`older`, `position`]; null at the start of the log. */
            older?: string | null;
            /** @description Where it switched. */
            position: string;
            /** @description As the client sent it; absent when the server did it of its own accord. */
            ref?: string | null;
            /**
             * Format: int32
             * @description The new rev.
             */
            rev: number;
            /** @description Which subscription. */
            sub: string;
            /** @description The word. */
            type: string;
        };
        RefilterWord: {
            backfill?: number | null;
            filter: Record<string, never>;
            sub: string;
        };
        /** @description A subscription could not go on where it was; `subscribed` with mode fresh follows. */
        Reset: {
            /** @description The oldest position that could be continued. */
            oldest: string;
            /** @description `epoch`: of another log, or of another history of it; `pruned`: what comes next is gone. */
            reason: string;
            /** @description Which subscription. */
            sub: string;
            /** @description The word. */
            type: string;
        };
        /** @description A link to choose another password. */
        ResetLink: {
            /**
             * Format: date-time
             * @description When it is too old.
             */
            expires_at: string;
            /**
             * Format: int64
             * @description Number of the member.
             */
            id: number;
            /** @description True where it was sent by mail too. */
            mailed: boolean;
            /** @description The link, shown once: a page with one button. */
            url: string;
        };
        /** @description How long activities are kept. */
        Retention: {
            /**
             * Format: int32
             * @description Days from the recording of an activity on; null keeps all of them.
             */
            days: number | null;
            /** @description Days of single flavors; none for now. */
            flavors: {
                [key: string]: number;
            };
            /**
             * Format: date-time
             * @description Everything recorded from here on is there; null while nothing was ever taken away.
             */
            kept_since: string | null;
        };
        /** @description How long activities are to be kept. */
        RetentionDraft: {
            /**
             * Format: int32
             * @description Days from the recording of an activity on, 1 to 36,500; null or left out keeps all of them.
             */
            days?: number | null;
            /** @description Days of single flavors. None can be given yet; left out and empty are the same. */
            flavors?: Record<string, never> | null;
        };
        /** @description Which activities are to be taken back. One of `filter`, `view`, `after` and `before` must leave something out. */
        RetractDraft: {
            /**
             * Format: cursor
             * @description Only what lies after this cursor.
             */
            after?: string | null;
            /**
             * Format: cursor
             * @description Only what lies up to this cursor.
             */
            before?: string | null;
            /** @description True looks only: how many it would be. */
            dry_run?: boolean | null;
            /** @description A FilterSet; everything without it. */
            filter?: Record<string, never> | null;
            /** @description Why, for those who read the request: it is kept nowhere. */
            reason?: string | null;
            /** @description Key of a view, whose filter set must hold too. */
            view?: string | null;
        };
        /** @description What was taken back, or would be. */
        Retraction: {
            /**
             * Format: int64
             * @description Those that were erased; 0 where it was only looked.
             */
            erased: number;
            /**
             * Format: int64
             * @description Activities that match.
             */
            matched: number;
            /** @description Up to where was looked: what comes after it is not among them. */
            position: string;
        };
        /** @description A screen, as whoever looks after it sees it. */
        Screen: {
            /** @description Which build of the page it runs. */
            build: string | null;
            /**
             * Format: double
             * @description Seconds that its picture is behind, or its clock ahead.
             */
            by_s: number | null;
            /**
             * Format: date-time
             * @description When it was paired.
             */
            created_at: string;
            /**
             * Format: int32
             * @description Frames a second.
             */
            fps: number | null;
            /**
             * Format: int32
             * @description Height of its picture.
             */
            height: number | null;
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /** @description What people call it. */
            name: string;
            /** @description True when it runs another build of the page than this server has. */
            old_build: boolean;
            /**
             * Format: date-time
             * @description When it last painted, by its own clock.
             */
            painted_at: string | null;
            /**
             * Format: date-time
             * @description When it was last heard of.
             */
            seen_at: string | null;
            /**
             * Format: date-time
             * @description Since when it is so, where that is known.
             */
            since: string | null;
            /**
             * @description `live`, `behind`, `frozen` (it talks and paints nothing), `clock` (its clock is wrong), `stale` (not heard of, it reconnects),
             *     `gone`, or `new` (never heard of).
             */
            state: string;
            /** @description Key of the wall that it shows. */
            wall: string | null;
            /**
             * Format: int32
             * @description Width of its picture in CSS pixels.
             */
            width: number | null;
        };
        /** @description What of a screen is to be another. */
        ScreenChange: {
            /** @description Where it hangs. */
            name?: string | null;
            /** @description Key of the wall that it is to show. */
            wall?: string | null;
        };
        /** @description A code for a screen that waits. */
        ScreenCode: {
            /** @description Six signs to be shown. */
            code: string;
            /**
             * Format: int64
             * @description Seconds that the code lasts.
             */
            lasts_s: number;
            /** @description What the screen waits by: nobody else may know it. */
            poll: string;
        };
        /** @description A screen to be made: by the code that it shows, or without one, with an address of its own. */
        ScreenDraft: {
            /** @description What the screen shows; small letters and spaces count for nothing. */
            code?: string | null;
            /** @description Where it hangs. */
            name: string;
        };
        /** @description What a screen was told to do. */
        ScreenOrder: {
            /**
             * Format: date-time
             * @description When it was said.
             */
            at: string;
            /**
             * Format: int64
             * @description It is followed once: another number is another order.
             */
            number: number;
            /** @description `blink`, `test`, `reload` or `rotate`. */
            say: string;
        };
        /** @description What a screen is to show. */
        ScreenTask: {
            /** @description What fires and is told here: of its views, and of the server where it is a team's; nothing where visitors see it. */
            alerts: components["schemas"]["TaskAlert"][];
            /** @description Which build of the page this server has. */
            build: string;
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /** @description What people call it. */
            name: string;
            order: null | components["schemas"]["ScreenOrder"];
            /**
             * Format: date-time
             * @description The time of day.
             */
            server_time: string;
            /** @description Its views, in the order that they are shown. */
            views: components["schemas"]["TaskView"][];
            /** @description The wall. */
            wall: components["schemas"]["Wall"];
            /** @description Name of its workspace. */
            workspace: string;
        };
        /** @description How many match, counted in the store. */
        Sealed: {
            /** @description The count begins after this. */
            from: string;
            /** @description And ends here: all of them have been sent. */
            position: string;
            /** @description As the client sent it. */
            ref?: string | null;
            /**
             * Format: int32
             * @description Under which filter.
             */
            rev: number;
            /**
             * Format: date-time
             * @description When the first entry after `from` was recorded; null when there is none.
             */
            since?: string | null;
            /**
             * Format: int64
             * @description How many.
             */
            stored: number;
            /** @description Which subscription. */
            sub: string;
            /** @description The word. */
            type: string;
        };
        SealWord: {
            from?: string | null;
            sub: string;
        };
        /** @description A secret for a second factor, which is not in force yet. */
        SecondFactor: {
            /** @description The address as a QR code: a row each, a sign each module, `1` for dark. */
            qr: string[];
            /** @description The secret, as people type it into an app. */
            secret: string;
            /** @description The same as an address that apps open. */
            uri: string;
        };
        /** @description A second factor that is to be in force from now on. */
        SecondFactorDraft: {
            /** @description The code that the app shows. */
            code: string;
            /**
             * Format: password
             * @description One's own password; who has none leaves it out.
             */
            password?: string | null;
            /** @description The secret, as it was given. */
            secret: string;
        };
        SeenWord: {
            /** @description Which build of the page it runs. */
            build: string;
            /** Format: int32 */
            fps: number;
            /** Format: int32 */
            height: number;
            /**
             * Format: date-time
             * @description When it was painted, by the screen's own clock.
             */
            painted_at: string;
            /** @description Cursor: everything up to here is in the picture. */
            position?: string | null;
            sub: string;
            /** Format: int32 */
            width: number;
        };
        /** @description Who is signed in. */
        Session: {
            /** @description True on a demo server. */
            demo: boolean;
            /** @description The only event that exists for them, where it is just one. */
            event: string | null;
            /** @description The events that exist for them; null is all. */
            events: string[] | null;
            member?: null | components["schemas"]["Me"];
            /** @description What they may do, one right each. */
            rights: string[];
            /** @description What they may do: `ingest`, `read`, `admin`, each where all of it is. */
            scopes: string[];
            share?: null | components["schemas"]["Shared"];
            /** @description Where. */
            workspace: components["schemas"]["Workspace"];
        };
        /** @description One of a key, the secret of a share, an email with a password, a one-time link, and, on a demo server, `demo`. */
        SessionDraft: {
            /** @description Code of the second factor, or a recovery code. */
            code?: string | null;
            /** @description True to sign in to a demo. */
            demo?: boolean | null;
            /** @description Email of a member; with a link that is for whoever comes first, the email that they choose. */
            email?: string | null;
            /** @description A key with the scope read. */
            key?: string | null;
            /** @description What stands behind `link=` in an invitation or a reset. */
            link?: string | null;
            /** @description With a link: what people call them. */
            name?: string | null;
            /**
             * Format: password
             * @description The password; with a link the one that they choose, of 12 characters or more.
             */
            password?: string | null;
            /**
             * @description At a demo: the role of the member to be; without it all is allowed.
             * @enum {string|null}
             */
            role?: "owner" | "admin" | "editor" | "operator" | "viewer" | null;
            /** @description What stands behind `#` in the link of a share. */
            share?: string | null;
            /** @description Key of the workspace to sign in to; without it the last one. */
            workspace?: string | null;
        };
        /** @description A share, without its link. */
        Share: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it ends by itself; null is never.
             */
            expires_at: string | null;
            /** @description True where it may be taken out as a file. */
            export: boolean;
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /** @description What is left out: `contact` or `names`; null leaves out nothing. */
            mask: string | null;
            /** @description What people call it. */
            name: string;
            /** @description Key of the one partner that it shows, where it was made for one. */
            partner: string | null;
            /**
             * Format: date-time
             * @description When it was revoked.
             */
            revoked_at: string | null;
            /**
             * Format: int64
             * @description The number of those that were made together with it: revoked, it revokes them all.
             */
            together: number | null;
            /**
             * Format: date-time
             * @description When it was last used, to the minute.
             */
            used_at: string | null;
            /** @description Key of the view that it shows. */
            view: string;
        };
        /** @description What a share shows. */
        Shared: {
            /** @description Key of the one event that its view is of; null is all. */
            event: string | null;
            /** @description True where it may be taken out as a file. */
            export: boolean;
            /** @description What is left out: `contact` or `names`; null leaves out nothing. */
            mask: string | null;
            /** @description Name of its view; null when there is no such view any more. */
            name: string | null;
            /** @description Key of its view. */
            view: string;
            /** @description IANA time zone of its view. */
            zone: string | null;
        };
        /** @description A share to be made: a view, for whoever has its link. */
        ShareDraft: {
            /**
             * Format: date-time
             * @description When it ends by itself, and every stream with it; in 90 days without it, never with null.
             */
            expires_at?: string | null;
            /** @description True where it may be taken out as a file. */
            export?: boolean | null;
            /** @description What is left out: `"contact"` (or true) contacts, properties and all of a URL but its host, `"names"` names of partners too; nothing with false. */
            mask?: boolean | ("contact" | "names");
            /** @description What people call it. */
            name?: string | null;
            /** @description Key of the view that it shows; not a private one. */
            view: string;
        };
        /** @description Shares to be made, one for each of many partners: with a tag, or by their keys. */
        SharesDraft: {
            /** @description Key of the event whose partners they are; that of the view without it. */
            event?: string | null;
            /**
             * Format: date-time
             * @description When it ends by itself, and every stream with it; in 90 days without it, never with null.
             */
            expires_at?: string | null;
            /** @description True where it may be taken out as a file. */
            export?: boolean | null;
            /** @description What is left out: `"contact"` (or true) contacts, properties and all of a URL but its host, `"names"` names of partners too; nothing with false. */
            mask?: boolean | ("contact" | "names");
            /** @description What people call it. */
            name?: string | null;
            /** @description The partners with these keys. */
            partners?: string[] | null;
            /** @description The partners with this tag. */
            tag?: string | null;
            /** @description Key of the view that it shows; not a private one. */
            view: string;
        };
        /** @description A site key to be made: it stands in web pages for all to read, and only collects. */
        SiteKeyDraft: {
            /** @description Key of the event that it collects for; what is not in its directory yet is not made. */
            event: string;
            /**
             * Format: date-time
             * @description When it ends by itself, and every stream with it.
             */
            expires_at?: string | null;
            /**
             * @description `site`.
             * @enum {string}
             */
            kind: "site";
            /** @description What people call it. */
            name?: string | null;
            /** @description Origins whose pages may use it, as browsers send them: scheme and host, and the port where it is not the usual one. */
            origins: string[];
            /**
             * Format: int32
             * @description Activities, and requests that send some, a second; without it the server's own rate.
             */
            rate_per_s?: number | null;
            /** @description `ingest`, or nothing. */
            scopes?: "ingest"[] | null;
        };
        /** @description Somebody who sends. */
        Source: {
            /**
             * Format: date-time
             * @description When something last came.
             */
            at: string;
            /** @description Key of the event that it is bound to. */
            event: string | null;
            /** @description Name of the key. */
            name: string;
            /** @description `learning`, `as_usual`, `quieter` or `silent`. */
            rhythm: string;
            /** @description Activities of the last hour in steps of two minutes, oldest first. */
            steps: number[];
        };
        /** @description A subscription has begun: its filter is in force. */
        Subscribed: {
            /** @description True when more follows before `caught_up`. */
            catching_up: boolean;
            /** @description The end of the log now. */
            head: string;
            /** @description Oldest first. */
            items: components["schemas"]["Activity"][];
            /** @description `resumed` or `fresh`. */
            mode: string;
            /** @description Where reading history goes on; null at the start of the log and when resumed. */
            older?: string | null;
            /** @description Everything up to here has been sent. */
            position: string;
            /** @description As the client sent it. */
            ref?: string | null;
            /**
             * Format: int64
             * @description Entries of the log between `position` and its end, while catching up: at most so many activities are to come.
             */
            remaining?: number | null;
            /**
             * Format: int32
             * @description 1.
             */
            rev: number;
            /** @description Which subscription. */
            sub: string;
            /** @description The word. */
            type: string;
        };
        SubscribeWord: {
            after?: string | null;
            backfill?: number | null;
            /** Format: int64 */
            conflate_ms?: number | null;
            /** @description A filter set; one of this and `view` at least. */
            filter?: Record<string, never> | null;
            /** @description True to be told `position` with `checked_at` every two seconds. */
            pulse?: boolean | null;
            sub: string;
            /** @description Key of a view: both it and `filter` must hold. */
            view?: string | null;
        };
        /** @description The system at one moment. */
        System: {
            /**
             * Format: int64
             * @description Seconds since the last backup that was verified; null where the server knows of none.
             */
            backup_age_s: number | null;
            commit_ms: null | components["schemas"]["Quantiles"];
            /**
             * Format: int64
             * @description Streams that are open.
             */
            connections: number;
            /** @description How it went for 15 minutes, in steps of 15 seconds, oldest first. */
            course: components["schemas"]["Course"];
            /**
             * Format: int64
             * @description Bytes of the database.
             */
            database_bytes: number;
            deliver_ms: null | components["schemas"]["Quantiles"];
            /**
             * Format: int64
             * @description Bytes that are free where it lies.
             */
            disk_free_bytes: number | null;
            /**
             * Format: int64
             * @description Seconds until they are used up at the rate of the last minutes; null where nothing grows.
             */
            disk_left_s: number | null;
            /** @description What is not well, the worst first, each with what to do. */
            findings: components["schemas"]["Finding"][];
            /**
             * Format: double
             * @description Activities made durable a second, over the last minute.
             */
            in_per_s: number;
            /**
             * Format: int64
             * @description Streams that read the log since they were too slow.
             */
            lagging: number;
            /**
             * Format: double
             * @description Activities offered to readers a second, over the last minute.
             */
            out_per_s: number;
            /** @description Hosts that this server sends to. */
            outbound: string[];
            /**
             * Format: int64
             * @description Milliseconds since the whole path was known to work; null while nobody reads.
             */
            pulse_age_ms: number | null;
            /**
             * Format: int64
             * @description Bytes that wait for the writer.
             */
            queue_bytes: number;
            /** @description What was refused within 15 minutes, by code. */
            refusals: {
                [key: string]: number;
            };
            /**
             * Format: date-time
             * @description The time of day.
             */
            server_time: string;
            /** @description Who sends. */
            sources: components["schemas"]["Source"][];
            /** @description `ok`, `warn` or `bad`: the worst of what was found. */
            status: string;
            /**
             * Format: int64
             * @description Filters in force.
             */
            subscriptions: number;
            /**
             * Format: int64
             * @description Seconds since it began.
             */
            uptime_s: number;
            /** @description Version of the program. */
            version: string;
            /**
             * Format: int64
             * @description Bytes of its write-ahead log.
             */
            wal_bytes: number;
        };
        /** @description An alert that fires, as a screen shows it. */
        TaskAlert: {
            /** @description Who is on it. */
            acknowledged_by: string | null;
            /** @description Its name. */
            name: string;
            /**
             * Format: date-time
             * @description Since when.
             */
            since: string;
        };
        /** @description A view as a screen knows it. */
        TaskView: {
            /** @description Key of the one event that it is of. */
            event: string | null;
            /** @description Name of that event. */
            event_name: string | null;
            /** @description Its key. */
            key: string;
            /** @description Its name. */
            name: string;
            /** @description IANA time zone of the view. */
            zone: string | null;
        };
        /** @description Whom else to tell. */
        Then: {
            /**
             * Format: int32
             * @description Seconds since it fires.
             */
            after_s: number;
            /** @description Keys of channels. */
            to: string[];
        };
        /** @description A ticket. */
        Ticket: {
            /**
             * Format: date-time
             * @description When it is too old.
             */
            expires_at: string;
            /**
             * @description For `?ticket=` of `/v1/ws` or `/v1/activities/stream`, once. With a `Last-Event-ID` it opens the same stream again, for
             *     10 minutes and 10 more each time.
             */
            ticket: string;
        };
        /** Format: int64 */
        u64: number;
        /** @description A subscription has ended. */
        Unsubscribed: {
            /** @description Everything up to here has been sent. */
            position: string;
            /** @description As the client sent it. */
            ref?: string | null;
            /** @description Which subscription. */
            sub: string;
            /** @description The word. */
            type: string;
        };
        UnsubscribeWord: {
            sub: string;
        };
        /** @description One value and its count. */
        ValueCount: {
            /**
             * Format: int64
             * @description How many activities.
             */
            count: number;
            /** @description What people read. */
            label: string;
            /** @description What a filter takes. */
            value: string;
        };
        /** @description A view. */
        View: {
            /** @description Width of the chart's buckets: `minute`, `hour` or `day`; null is no chart. */
            chart: string | null;
            /** @description What a list shows of each, in this order; empty is the usual. */
            columns: string[];
            /** @description True for the one that is shown first for its event. */
            default: boolean;
            /** @description Key of the one event that it is of; null is all. */
            event: string | null;
            /** @description Which activities are in it, in canonical form. */
            filter: components["schemas"]["FilterSet"];
            /** @description Its key, as first spelled. */
            key: string;
            /** @description `feed`: a view of activities. */
            kind: string;
            /** @description Its name. */
            name: string;
            /** @description True for one that only its maker sees. */
            private: boolean;
            /** @description IANA time zone; null is that of the event, or else UTC. */
            zone: string | null;
        };
        /** @description A view as it is sent: what is left out is as in an empty one. */
        ViewDraft: {
            /**
             * @description Width of the chart's buckets.
             * @enum {string|null}
             */
            chart?: "minute" | "hour" | "day" | null;
            /** @description What a list shows of each, in this order. */
            columns?: ("occurred_at" | "recorded_at" | "flavor" | "event" | "partner" | "company" | "message" | "campaign" | "actor" | "device" | "platform" | "browser" | "source_url" | "referrer_url" | "grade" | "late_ms" | "properties" | "id")[] | null;
            /** @description True for the one that is shown first for its event. */
            default?: boolean | null;
            /** @description Key of the one event that it is of; all without it. */
            event?: string | null;
            /** @description A FilterSet; everything without it. */
            filter?: Record<string, never> | null;
            /**
             * @description `feed`: a view of activities, as when left out.
             * @enum {string|null}
             */
            kind?: "feed" | null;
            /** @description What people read. */
            name: string;
            /** @description True for one that only you see. */
            private?: boolean | null;
            /**
             * Format: iana-time-zone
             * @description IANA time zone; that of the event without it, or else UTC.
             */
            zone?: string | null;
        };
        /** @description Changes of fields (JSON Merge Patch, RFC 7396): what is left out stays, null empties. A view as it is sent: what is left out is as in an empty one. */
        ViewPatch: {
            /**
             * @description Width of the chart's buckets.
             * @enum {string|null}
             */
            chart?: "minute" | "hour" | "day" | null;
            /** @description What a list shows of each, in this order. */
            columns?: ("occurred_at" | "recorded_at" | "flavor" | "event" | "partner" | "company" | "message" | "campaign" | "actor" | "device" | "platform" | "browser" | "source_url" | "referrer_url" | "grade" | "late_ms" | "properties" | "id")[] | null;
            /** @description True for the one that is shown first for its event. */
            default?: boolean | null;
            /** @description Key of the one event that it is of; all without it. */
            event?: string | null;
            /** @description A FilterSet; everything without it. */
            filter?: Record<string, never> | null;
            /**
             * @description `feed`: a view of activities, as when left out.
             * @enum {string|null}
             */
            kind?: "feed" | null;
            /** @description What people read. */
            name?: string;
            /** @description True for one that only you see. */
            private?: boolean | null;
            /**
             * Format: iana-time-zone
             * @description IANA time zone; that of the event without it, or else UTC.
             */
            zone?: string | null;
        };
        /** @description A wall. */
        Wall: {
            banner: null | components["schemas"]["Banner"];
            /** @description Its key, as first spelled. */
            key: string;
            /** @description Language of its words; null is that of the screen. */
            language: string | null;
            /** @description What it draws: `feed`, `numbers` or `system`. */
            layout: string;
            /** @description What is left out: `contact` or `names`; null leaves out nothing. */
            mask: string | null;
            /** @description Its name. */
            name: string;
            night: null | components["schemas"]["Night"];
            /**
             * Format: int32
             * @description Percent of the picture that the set cuts off at each edge.
             */
            overscan: number;
            /**
             * Format: int32
             * @description Seconds that each is shown.
             */
            rotate_s: number;
            /** @description From how far it is read: `m` 3, `l` 5, `xl` 10 metres. */
            size: string;
            /** @description `dark` or `light`. */
            theme: string;
            /** @description Keys of its views, in the order that they are shown. */
            views: string[];
            /** @description IANA time zone; null is that of the view, or else UTC. */
            zone: string | null;
        };
        /** @description A wall as it is sent: a feed of at least one view, unless it says otherwise. */
        WallDraft: {
            /** @description What hangs over it for a while. */
            banner?: {
                text: string;
                /** Format: date-time */
                until: string;
            } | null;
            /**
             * @description Language of its words; that of the screen without it.
             * @enum {string|null}
             */
            language?: "de" | "en" | null;
            /**
             * @description What it draws; `feed` without it.
             * @enum {string|null}
             */
            layout?: "feed" | "numbers" | "system" | null;
            /** @description What is left out: `"contact"` (or true), `"names"`, or nothing with false. Where visitors see it, `"names"`. */
            mask?: boolean | ("contact" | "names");
            /** @description What people call it. */
            name: string;
            /** @description When it is dimmed, in its zone. */
            night?: {
                from: string;
                to: string;
            } | null;
            /**
             * Format: int32
             * @description Percent of the picture that the set cuts off at each edge.
             */
            overscan?: number | null;
            /**
             * Format: int32
             * @description Seconds that each view is shown; 30 without it.
             */
            rotate_s?: number | null;
            /**
             * @description From how far it is read: `m` 3, `l` 5, `xl` 10 metres; `l` without it.
             * @enum {string|null}
             */
            size?: "m" | "l" | "xl" | null;
            /**
             * @description `dark`, as without it, or `light`.
             * @enum {string|null}
             */
            theme?: "dark" | "light" | null;
            /** @description Keys of its views, none of them private, in the order that they are shown; the layout `system` has none. */
            views?: string[] | null;
            /**
             * Format: iana-time-zone
             * @description IANA time zone; that of the view without it, or else UTC.
             */
            zone?: string | null;
        };
        /** @description Changes of fields (JSON Merge Patch, RFC 7396): what is left out stays, null empties. A wall as it is sent: a feed of at least one view, unless it says otherwise. */
        WallPatch: {
            /** @description What hangs over it for a while. */
            banner?: {
                text: string;
                /** Format: date-time */
                until: string;
            } | null;
            /**
             * @description Language of its words; that of the screen without it.
             * @enum {string|null}
             */
            language?: "de" | "en" | null;
            /**
             * @description What it draws; `feed` without it.
             * @enum {string|null}
             */
            layout?: "feed" | "numbers" | "system" | null;
            /** @description What is left out: `"contact"` (or true), `"names"`, or nothing with false. Where visitors see it, `"names"`. */
            mask?: boolean | ("contact" | "names");
            /** @description What people call it. */
            name?: string;
            /** @description When it is dimmed, in its zone. */
            night?: {
                from: string;
                to: string;
            } | null;
            /**
             * Format: int32
             * @description Percent of the picture that the set cuts off at each edge.
             */
            overscan?: number | null;
            /**
             * Format: int32
             * @description Seconds that each view is shown; 30 without it.
             */
            rotate_s?: number | null;
            /**
             * @description From how far it is read: `m` 3, `l` 5, `xl` 10 metres; `l` without it.
             * @enum {string|null}
             */
            size?: "m" | "l" | "xl" | null;
            /**
             * @description `dark`, as without it, or `light`.
             * @enum {string|null}
             */
            theme?: "dark" | "light" | null;
            /** @description Keys of its views, none of them private, in the order that they are shown; the layout `system` has none. */
            views?: string[] | null;
            /**
             * Format: iana-time-zone
             * @description IANA time zone; that of the view without it, or else UTC.
             */
            zone?: string | null;
        };
        /** @description A webhook, without its secret. */
        Webhook: {
            /**
             * Format: int32
             * @description The status that it was answered with; null where there was no answer.
             */
            answered: number | null;
            /**
             * Format: int32
             * @description Attempts at what is next, so far.
             */
            attempts: number;
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description False while it rests. */
            enabled: boolean;
            /** @description Why it was not taken. */
            fault: string | null;
            /** @description Its key, as first spelled. */
            key: string;
            /**
             * Format: int64
             * @description Entries of the log behind that: at most so many activities are to be sent.
             */
            lag: number;
            /**
             * Format: date-time
             * @description When the next attempt is due, while it fails.
             */
            next_at: string | null;
            /** @description Everything up to here was taken. */
            position: string;
            /** @description What it signs with, where it was just made or replaced: shown once. */
            secret?: string | null;
            /** @description `ok`, `failing` (it is tried again), `ended` (the receiver said 410: put it again to go on) or `resting`. */
            state: string;
            /**
             * Format: date-time
             * @description When the last attempt was made.
             */
            tried_at: string | null;
            /** @description Where it sends to. */
            url: string;
            /** @description Key of the view whose activities it sends. */
            view: string;
        };
        /** @description A webhook as it is sent. */
        WebhookDraft: {
            /**
             * Format: cursor
             * @description Cursor: begin after it; where it stands without it, and at the end of the log if it is new.
             */
            after?: string | null;
            /** @description False to let it rest; what comes meanwhile is sent afterwards. */
            enabled?: boolean | null;
            /**
             * Format: uri
             * @description Where to send to: https, and a host that the internet reaches.
             */
            url: string;
            /** @description Key of the view whose activities are sent; not a private one. */
            view: string;
        };
        /** @description The first frame of a connection. */
        Welcome: {
            /**
             * Format: int64
             * @description Longest silence, in milliseconds.
             */
            heartbeat_ms: number;
            /** @description What the server accepts. */
            limits: components["schemas"]["WelcomeLimits"];
            /** @description RFC 3339. */
            server_time: string;
            /** @description Names this session in logs. */
            session: string;
            /** @description The word. */
            type: string;
        };
        /** @description What the server accepts on a connection. */
        WelcomeLimits: {
            /** @description Activities sent back at most. */
            backfill: number;
            /** @description Bytes of one frame from the client. */
            inbound_frame_bytes: number;
            /** @description Bytes of one frame to the client. */
            outbound_frame_bytes: number;
            /** @description Subscriptions of one connection. */
            subscriptions: number;
        };
        /** @description Whether an activity is in a view, and if not, why. */
        Why: {
            /** @description The clauses that keep it out. */
            excluded_by: components["schemas"]["Exclusion"][];
            /** @description True when it is in the view. */
            matches: boolean;
        };
        /** @description A workspace. */
        Workspace: {
            /** @description Its key. */
            key: string;
            /** @description Its name. */
            name: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type AcknowledgeDraft = components['schemas']['AcknowledgeDraft'];
export type Activities = components['schemas']['Activities'];
export type Activity = components['schemas']['Activity'];
export type ActivityFlavor = components['schemas']['ActivityFlavor'];
export type ActivityMessage = components['schemas']['ActivityMessage'];
export type ActivityNamed = components['schemas']['ActivityNamed'];
export type ActivityPage = components['schemas']['ActivityPage'];
export type ActivityPartner = components['schemas']['ActivityPartner'];
export type Alert = components['schemas']['Alert'];
export type AlertDraft = components['schemas']['AlertDraft'];
export type AlertLine = components['schemas']['AlertLine'];
export type AlertPatch = components['schemas']['AlertPatch'];
export type AlertTest = components['schemas']['AlertTest'];
export type AlertTestSent = components['schemas']['AlertTestSent'];
export type AllMute = components['schemas']['AllMute'];
export type Amended = components['schemas']['Amended'];
export type Amendment = components['schemas']['Amendment'];
export type AmendmentDraft = components['schemas']['AmendmentDraft'];
export type Answered = components['schemas']['Answered'];
export type AuditActor = components['schemas']['AuditActor'];
export type AuditEntry = components['schemas']['AuditEntry'];
export type Banner = components['schemas']['Banner'];
export type BannerDraft = components['schemas']['BannerDraft'];
export type Between = components['schemas']['Between'];
export type Bucket = components['schemas']['Bucket'];
export type Bye = components['schemas']['Bye'];
export type Campaign = components['schemas']['Campaign'];
export type CampaignDraft = components['schemas']['CampaignDraft'];
export type CampaignPatch = components['schemas']['CampaignPatch'];
export type CaughtUp = components['schemas']['CaughtUp'];
export type Changed = components['schemas']['Changed'];
export type ChangedLine = components['schemas']['ChangedLine'];
export type Channel = components['schemas']['Channel'];
export type ChannelDraft = components['schemas']['ChannelDraft'];
export type ChannelPatch = components['schemas']['ChannelPatch'];
export type ChannelSecret = components['schemas']['ChannelSecret'];
export type ClientView = components['schemas']['ClientView'];
export type CloudEvent = components['schemas']['CloudEvent'];
export type Counts = components['schemas']['Counts'];
export type Course = components['schemas']['Course'];
export type DoubledLine = components['schemas']['DoubledLine'];
export type Draft = components['schemas']['Draft'];
export type Drafts = components['schemas']['Drafts'];
export type Erased = components['schemas']['Erased'];
export type Error = components['schemas']['Error'];
export type Event = components['schemas']['Event'];
export type EventDraft = components['schemas']['EventDraft'];
export type EventPatch = components['schemas']['EventPatch'];
export type Exclusion = components['schemas']['Exclusion'];
export type Fault = components['schemas']['Fault'];
export type FilterSet = components['schemas']['FilterSet'];
export type FilterSetQuery = components['schemas']['FilterSetQuery'];
export type Finding = components['schemas']['Finding'];
export type Flavor = components['schemas']['Flavor'];
export type GonePartner = components['schemas']['GonePartner'];
export type Histogram = components['schemas']['Histogram'];
export type Import = components['schemas']['Import'];
export type ImportColumn = components['schemas']['ImportColumn'];
export type ImportResult = components['schemas']['ImportResult'];
export type ImportUndo = components['schemas']['ImportUndo'];
export type Invitation = components['schemas']['Invitation'];
export type InvitationDraft = components['schemas']['InvitationDraft'];
export type Key = components['schemas']['Key'];
export type KeyDraft = components['schemas']['KeyDraft'];
export type Lagging = components['schemas']['Lagging'];
export type LineFault = components['schemas']['LineFault'];
export type ListBodyAlert = components['schemas']['ListBody_Alert'];
export type ListBodyAlertLine = components['schemas']['ListBody_AlertLine'];
export type ListBodyAuditEntry = components['schemas']['ListBody_AuditEntry'];
export type ListBodyCampaign = components['schemas']['ListBody_Campaign'];
export type ListBodyChannel = components['schemas']['ListBody_Channel'];
export type ListBodyEvent = components['schemas']['ListBody_Event'];
export type ListBodyFlavor = components['schemas']['ListBody_Flavor'];
export type ListBodyImport = components['schemas']['ListBody_Import'];
export type ListBodyKey = components['schemas']['ListBody_Key'];
export type ListBodyMember = components['schemas']['ListBody_Member'];
export type ListBodyMemberSession = components['schemas']['ListBody_MemberSession'];
export type ListBodyMessage = components['schemas']['ListBody_Message'];
export type ListBodyPartner = components['schemas']['ListBody_Partner'];
export type ListBodyRecipient = components['schemas']['ListBody_Recipient'];
export type ListBodyScreen = components['schemas']['ListBody_Screen'];
export type ListBodyShare = components['schemas']['ListBody_Share'];
export type ListBodyView = components['schemas']['ListBody_View'];
export type ListBodyWall = components['schemas']['ListBody_Wall'];
export type ListBodyWebhook = components['schemas']['ListBody_Webhook'];
export type Me = components['schemas']['Me'];
export type Member = components['schemas']['Member'];
export type MemberPatch = components['schemas']['MemberPatch'];
export type MemberSession = components['schemas']['MemberSession'];
export type Message = components['schemas']['Message'];
export type MessageDraft = components['schemas']['MessageDraft'];
export type MessagePatch = components['schemas']['MessagePatch'];
export type Mute = components['schemas']['Mute'];
export type MuteDraft = components['schemas']['MuteDraft'];
export type NewKey = components['schemas']['NewKey'];
export type NewKeyDraft = components['schemas']['NewKeyDraft'];
export type NewLine = components['schemas']['NewLine'];
export type NewScreen = components['schemas']['NewScreen'];
export type NewShare = components['schemas']['NewShare'];
export type Night = components['schemas']['Night'];
export type Notice = components['schemas']['Notice'];
export type OrderDraft = components['schemas']['OrderDraft'];
export type Partner = components['schemas']['Partner'];
export type PartnerDraft = components['schemas']['PartnerDraft'];
export type PartnerPatch = components['schemas']['PartnerPatch'];
export type PartnersDraft = components['schemas']['PartnersDraft'];
export type PartnersPut = components['schemas']['PartnersPut'];
export type PasswordDraft = components['schemas']['PasswordDraft'];
export type PingWord = components['schemas']['PingWord'];
export type Pong = components['schemas']['Pong'];
export type Position = components['schemas']['Position'];
export type Problem = components['schemas']['Problem'];
export type ProofDraft = components['schemas']['ProofDraft'];
export type Pulse = components['schemas']['Pulse'];
export type Quantiles = components['schemas']['Quantiles'];
export type Receipt = components['schemas']['Receipt'];
export type ReceiptResult = components['schemas']['ReceiptResult'];
export type Receipts = components['schemas']['Receipts'];
export type Recipient = components['schemas']['Recipient'];
export type RecipientPartner = components['schemas']['RecipientPartner'];
export type RecipientsChanged = components['schemas']['RecipientsChanged'];
export type RecipientsDraft = components['schemas']['RecipientsDraft'];
export type RecoveryCodes = components['schemas']['RecoveryCodes'];
export type RedeliverDraft = components['schemas']['RedeliverDraft'];
export type Refiltered = components['schemas']['Refiltered'];
export type RefilterWord = components['schemas']['RefilterWord'];
export type Reset = components['schemas']['Reset'];
export type ResetLink = components['schemas']['ResetLink'];
export type Retention = components['schemas']['Retention'];
export type RetentionDraft = components['schemas']['RetentionDraft'];
export type RetractDraft = components['schemas']['RetractDraft'];
export type Retraction = components['schemas']['Retraction'];
export type Screen = components['schemas']['Screen'];
export type ScreenChange = components['schemas']['ScreenChange'];
export type ScreenCode = components['schemas']['ScreenCode'];
export type ScreenDraft = components['schemas']['ScreenDraft'];
export type ScreenOrder = components['schemas']['ScreenOrder'];
export type ScreenTask = components['schemas']['ScreenTask'];
export type Sealed = components['schemas']['Sealed'];
export type SealWord = components['schemas']['SealWord'];
export type SecondFactor = components['schemas']['SecondFactor'];
export type SecondFactorDraft = components['schemas']['SecondFactorDraft'];
export type SeenWord = components['schemas']['SeenWord'];
export type Session = components['schemas']['Session'];
export type SessionDraft = components['schemas']['SessionDraft'];
export type Share = components['schemas']['Share'];
export type Shared = components['schemas']['Shared'];
export type ShareDraft = components['schemas']['ShareDraft'];
export type SharesDraft = components['schemas']['SharesDraft'];
export type SiteKeyDraft = components['schemas']['SiteKeyDraft'];
export type Source = components['schemas']['Source'];
export type Subscribed = components['schemas']['Subscribed'];
export type SubscribeWord = components['schemas']['SubscribeWord'];
export type System = components['schemas']['System'];
export type TaskAlert = components['schemas']['TaskAlert'];
export type TaskView = components['schemas']['TaskView'];
export type Then = components['schemas']['Then'];
export type Ticket = components['schemas']['Ticket'];
export type U64 = components['schemas']['u64'];
export type Unsubscribed = components['schemas']['Unsubscribed'];
export type UnsubscribeWord = components['schemas']['UnsubscribeWord'];
export type ValueCount = components['schemas']['ValueCount'];
export type View = components['schemas']['View'];
export type ViewDraft = components['schemas']['ViewDraft'];
export type ViewPatch = components['schemas']['ViewPatch'];
export type Wall = components['schemas']['Wall'];
export type WallDraft = components['schemas']['WallDraft'];
export type WallPatch = components['schemas']['WallPatch'];
export type Webhook = components['schemas']['Webhook'];
export type WebhookDraft = components['schemas']['WebhookDraft'];
export type Welcome = components['schemas']['Welcome'];
export type WelcomeLimits = components['schemas']['WelcomeLimits'];
export type Why = components['schemas']['Why'];
export type Workspace = components['schemas']['Workspace'];
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
