//! From the families of the UA-Parser rules to what people read, and to a class of device.
//!
//! These tables are the one place: what a screen shows and a filter takes is a name of here, or else the family itself.
//! Order matters only where a comment says so. No table looks anything up outside its own rows.

use crate::domain::{Device, browser_alias, fold, platform_alias};

/// What the rules say when they know nothing.
pub(super) const NOTHING: &str = "Other";

/// Family of an operating system, its display name, and the class of device it runs on.
#[rustfmt::skip]
const PLATFORMS: &[(&str, &str, Device)] = &[
    ("Windows", "Windows", Device::Desktop),
    ("Mac OS X", "macOS", Device::Desktop),
    ("Mac OS", "macOS", Device::Desktop),
    ("Linux", "Linux", Device::Desktop),
    ("Ubuntu", "Ubuntu", Device::Desktop),
    ("Kubuntu", "Ubuntu", Device::Desktop),
    ("Debian", "Debian", Device::Desktop),
    ("Fedora", "Fedora", Device::Desktop),
    ("Red Hat", "Red Hat", Device::Desktop),
    ("CentOS", "CentOS", Device::Desktop),
    ("SUSE", "SUSE", Device::Desktop),
    ("Mandriva", "Mandriva", Device::Desktop),
    ("Gentoo", "Gentoo", Device::Desktop),
    ("Arch Linux", "Arch Linux", Device::Desktop),
    ("Slackware", "Slackware", Device::Desktop),
    ("FreeBSD", "FreeBSD", Device::Desktop),
    ("OpenBSD", "OpenBSD", Device::Desktop),
    ("NetBSD", "NetBSD", Device::Desktop),
    ("Solaris", "Solaris", Device::Desktop),
    ("Chrome OS", "Chrome OS", Device::Desktop),
    ("iOS", "iOS", Device::Mobile),
    ("iPadOS", "iOS", Device::Tablet),
    ("Android", "Android", Device::Mobile),
    ("Windows Phone", "Windows Phone", Device::Mobile),
    ("Windows Mobile", "Windows Mobile", Device::Mobile),
    ("BlackBerry OS", "BlackBerry OS", Device::Mobile),
    ("BlackBerry Tablet OS", "BlackBerry OS", Device::Tablet),
    ("Firefox OS", "Firefox OS", Device::Mobile),
    ("KaiOS", "KaiOS", Device::Mobile),
    ("Symbian OS", "Symbian", Device::Mobile),
    ("Symbian^3", "Symbian", Device::Mobile),
    ("Symbian^3 Anna", "Symbian", Device::Mobile),
    ("Symbian^3 Belle", "Symbian", Device::Mobile),
    ("Nokia Series 30 Plus", "Nokia Series 30", Device::Mobile),
    ("Nokia Series 40", "Nokia Series 40", Device::Mobile),
    ("Bada", "Bada", Device::Mobile),
    ("Brew MP", "Brew", Device::Mobile),
    ("MeeGo", "MeeGo", Device::Mobile),
    ("Maemo", "Maemo", Device::Mobile),
    ("Tizen", "Tizen", Device::Mobile),
    ("webOS", "webOS", Device::Mobile),
    ("ATV OS X", "tvOS", Device::Tv),
    ("tvOS", "tvOS", Device::Tv),
    ("Chromecast", "Chromecast", Device::Tv),
    ("FireHbbTV", "HbbTV", Device::Tv),
    ("GoogleTV", "Google TV", Device::Tv),
    ("WebTV", "WebTV", Device::Tv),
    ("WatchOS", "watchOS", Device::Wearable),
];

/// Family of a browser or program, and its display name. What is not here is shown as the rules name it.
#[rustfmt::skip]
const BROWSERS: &[(&str, &str)] = &[
    ("Chrome", "Chrome"),
    ("Chrome Mobile", "Chrome"),
    ("Chrome Mobile iOS", "Chrome"),
    ("Chrome Mobile WebView", "Chrome"),
    ("Chrome Frame", "Chrome"),
    ("Firefox", "Firefox"),
    ("Firefox Mobile", "Firefox"),
    ("Firefox iOS", "Firefox"),
    ("Firefox Alpha", "Firefox"),
    ("Firefox Beta", "Firefox"),
    ("Safari", "Safari"),
    ("Mobile Safari", "Safari"),
    ("Mobile Safari UI/WKWebView", "Safari"),
    ("WebKit Nightly", "Safari"),
    ("IE", "Internet Explorer"),
    ("IE Mobile", "Internet Explorer"),
    ("IE Large Screen", "Internet Explorer"),
    ("Edge", "Edge"),
    ("Edge Mobile", "Edge"),
    ("Opera", "Opera"),
    ("Opera Mobile", "Opera"),
    ("Opera Tablet", "Opera"),
    ("Opera Mini", "Opera Mini"),
    ("Samsung Internet", "Samsung Internet"),
    ("Android", "Android Browser"),
    ("Amazon Silk", "Silk"),
    ("Brave", "Brave"),
    ("Vivaldi", "Vivaldi"),
    ("Chromium", "Chromium"),
    ("Yandex Browser", "Yandex Browser"),
    ("UC Browser", "UC Browser"),
    ("DuckDuckGo Mobile", "DuckDuckGo"),
    ("HeadlessChrome", "Headless Chrome"),
    ("MacOutlook", "Outlook"),
    ("Outlook", "Outlook"),
    ("Windows Live Mail", "Windows Live Mail"),
    ("Thunderbird", "Thunderbird"),
    ("Apple Mail", "Apple Mail"),
    ("GmailImageProxy", "Gmail"),
    ("YahooMailProxy", "Yahoo Mail"),
    ("Yahoo! Slurp", "Yahoo Slurp"),
    ("python-requests", "Python Requests"),
];

/// Mail programs, by family. The two proxies fetch a picture because somebody opened a message.
const MAIL_PROGRAMS: &[&str] = &[
    "Outlook",
    "MacOutlook",
    "Windows Live Mail",
    "Thunderbird",
    "Apple Mail",
    "Lotus Notes",
    "Postbox",
    "Airmail",
    "Superhuman",
    "Barca",
    "Evolution",
    "The Bat!",
    "GmailImageProxy",
    "YahooMailProxy",
];

/// Libraries, command-line tools, monitors, feed readers and headless browsers, by folded family.
#[rustfmt::skip]
const PROGRAMS: &[&str] = &[
    "ahc", "aihttp", "akka-http", "apache-cxf", "apache-httpclient", "aria2", "axel", "axios", "chef client", "cfnetwork", "cloudfoundry",
    "curl", "debian apt-http", "facebookexternalhit", "feedburner", "feedbin", "feedparser", "fetch libfetch", "go-cf-client",
    "go-http-client", "go-resty", "google-http-java-client", "got", "headlesschrome", "htdig", "httpclient", "httpmonitor",
    "http%20client", "ia_archiver", "insomnia", "java", "jersey", "jupdate", "larbin", "lftp", "libcurl-agent", "libwww-perl", "masscan",
    "mediapartners-google", "monitis", "mozdex", "netvibes", "nutch", "openbsd ftp", "openvas scanner", "phantomjs", "postmanruntime",
    "pycurl", "python aiohttp", "python requests", "python-requests", "python-urllib", "reactornetty", "reqwest", "scalaj-http",
    "simplepie", "slack-imgproxy", "tiny tiny rss", "tlsprober", "ubuntu apt-http", "universalfeedparser", "urlgrabber",
    "vert.x-webclient", "wget", "wget2", "whatsapp", "windows-update-agent", "windowspowershell", "winhttp", "wordpress", "yahoo! slurp",
];

/// What marks a program in a family or, where the rules know no family, at the front of the agent. All lower case.
const PROGRAM_WORDS: &[&str] = &[
    "bot",
    "spider",
    "crawl",
    "slurp",
    "feedparser",
    "feedfetcher",
    "rss",
    "http-client",
    "httpclient",
    "http_client",
    "http_request",
    "monitor",
    "scanner",
    "fetch",
    "archiv",
    "ruby",
    "perl",
    "python",
    "php/",
    "java/",
    "curl",
    "wget",
    "chef client",
];

/// What marks a program anywhere in an agent, where it goes by the name of a browser. All lower case.
const PROGRAM_MARKS: &[&str] = &["spider", "slurp", "crawler"];

/// Beginnings of device families, and their class.
const DEVICES: &[(&str, Device)] = &[
    ("iPad", Device::Tablet),
    ("Kindle", Device::Tablet),
    ("Generic Tablet", Device::Tablet),
    ("Nexus 7", Device::Tablet),
    ("Nexus 9", Device::Tablet),
    ("Nexus 10", Device::Tablet),
    ("iPhone", Device::Mobile),
    ("iPod", Device::Mobile),
    ("Generic Smartphone", Device::Mobile),
    ("Generic Feature Phone", Device::Mobile),
    ("AppleTV", Device::Tv),
    ("Apple TV", Device::Tv),
    ("Inettv", Device::Tv),
    ("PlayStation", Device::Console),
    ("Nintendo", Device::Console),
    ("Watch", Device::Wearable),
    ("Apple Watch", Device::Wearable),
];

/// Words of the agent itself that tell a class which no family carries.
const AGENT_WORDS: &[(&str, Device)] = &[
    ("Xbox", Device::Console),
    ("PLAYSTATION", Device::Console),
    ("PlayStation", Device::Console),
    ("Nintendo", Device::Console),
    ("SMART-TV", Device::Tv),
    ("SmartTV", Device::Tv),
    ("Smart TV", Device::Tv),
    ("HbbTV", Device::Tv),
    ("GoogleTV", Device::Tv),
    ("Google TV", Device::Tv),
    ("Android TV", Device::Tv),
    ("BRAVIA", Device::Tv),
    ("CrKey", Device::Tv),
    ("Roku", Device::Tv),
    ("AFTT", Device::Tv),
    ("Web0S", Device::Tv),
    ("Apple Watch", Device::Wearable),
    ("Wear OS", Device::Wearable),
    ("Glass 1", Device::Wearable),
];

/// What the rules found in one agent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Families<'a> {
    /// Family of the browser or program.
    pub(super) browser: &'a str,
    /// Family of the operating system.
    pub(super) platform: &'a str,
    /// Family of the device.
    pub(super) device: &'a str,
}

/// The display name of a platform's family; `None` when the rules know nothing.
pub(super) fn platform_name(family: &str) -> Option<&str> {
    known(family).map(|family| PLATFORMS.iter().find(|row| row.0 == family).map_or(family, |row| row.1))
}

/// The display name of a browser's family; `None` when the rules know nothing.
pub(super) fn browser_name(family: &str) -> Option<&str> {
    let family = known(family)?;
    // Builds under a code name are `Firefox (Shiretoko)` and the like.
    if family.starts_with("Firefox (") {
        return Some("Firefox");
    }
    Some(BROWSERS.iter().find(|row| row.0 == family).map_or(family, |row| row.1))
}

/// The class of device: programs first, then mail, then what the device, the agent's words and the platform tell.
pub(super) fn device_class(found: Families<'_>, agent: &str) -> Device {
    if is_program(found, agent) {
        return Device::Bot;
    }
    if MAIL_PROGRAMS.contains(&found.browser) {
        return Device::EmailClient;
    }
    if let Some(row) = AGENT_WORDS.iter().find(|row| agent.contains(row.0)) {
        return row.1;
    }
    if let Some(row) = DEVICES.iter().find(|row| found.device.starts_with(row.0)) {
        return row.1;
    }
    // By Android's own convention the browser of a phone says Mobile, that of a tablet does not; programs say neither.
    if found.platform == "Android" && agent.starts_with("Mozilla/") && !agent.contains("Mobile") {
        return Device::Tablet;
    }
    PLATFORMS.iter().find(|row| row.0 == found.platform).map_or(Device::Unknown, |row| row.2)
}

/// The spelling under which a platform that a sender names is shown: other names resolved, known ones spelled our way.
pub(super) fn given_platform(name: &str) -> &str {
    let folded = fold(name);
    let wanted = platform_alias(&folded);
    PLATFORMS.iter().map(|row| row.1).find(|display| fold(display) == wanted).unwrap_or(name)
}

/// The spelling under which a browser that a sender names is shown: other names resolved, known ones spelled our way.
pub(super) fn given_browser(name: &str) -> &str {
    let folded = fold(name);
    let wanted = browser_alias(&folded);
    BROWSERS.iter().map(|row| row.1).find(|display| fold(display) == wanted).unwrap_or(name)
}

fn known(family: &str) -> Option<&str> {
    Some(family).filter(|family| !family.is_empty() && *family != NOTHING)
}

fn is_program(found: Families<'_>, agent: &str) -> bool {
    if found.device == "Spider" {
        return true;
    }
    let lower = agent.to_lowercase();
    if PROGRAM_MARKS.iter().any(|mark| lower.contains(mark)) {
        return true;
    }
    let told = match known(found.browser) {
        Some(family) => family,
        None if known(found.platform).is_some() => return false,
        // No browser gives an address where its maker can be reached; crawlers and readers do.
        None if ["http://", "https://", "@"].iter().any(|mark| agent.contains(mark)) => return true,
        None if agent.starts_with("Mozilla/") => return false,
        None => &lower,
    };
    let told = told.to_lowercase();
    PROGRAMS.contains(&told.as_str()) || PROGRAM_WORDS.iter().any(|word| told.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{BROWSERS, PLATFORMS, given_browser, given_platform};
    use crate::domain::{browser_alias, fold, platform_alias};

    #[test]
    fn every_display_name_is_what_a_filter_resolves_to() {
        for (_, display, _) in PLATFORMS {
            let folded = fold(display);
            assert_eq!(platform_alias(&folded), folded, "{display}");
        }
        for (_, display) in BROWSERS {
            let folded = fold(display);
            assert_eq!(browser_alias(&folded), folded, "{display}");
        }
    }

    #[test]
    fn given_names_are_spelled_our_way() {
        for (given, want) in [("OSX", "macOS"), ("windows", "Windows"), ("iPadOS", "iOS"), ("Haiku", "Haiku")] {
            assert_eq!(given_platform(given), want);
        }
        for (given, want) in [("IE", "Internet Explorer"), ("Mozilla", "Firefox"), ("chrome", "Chrome"), ("Ladybird", "Ladybird")] {
            assert_eq!(given_browser(given), want);
        }
    }
}
