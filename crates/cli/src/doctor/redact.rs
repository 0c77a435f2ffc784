//! Takes out of a text what must not be published: secrets, and what tells whose machine it is from.

use std::path::Path;

use regex_lite::Regex;

/// What a secret looks like, and what takes its place.
const SECRETS: [(&str, &str); 12] = [
    // Keys that are known by how they begin.
    (r"sk-ant-[A-Za-z0-9_-]*", "[key]"),
    (r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}", "[key]"),
    (r"\b(?:gh[a-z]_|github_pat_|glpat-|npm_|xox[a-z]-|AKIA|ASIA|AIza)[A-Za-z0-9_-]{10,}", "[key]"),
    // Tokens and logins of Claude Worker, and the code in a link that logs a browser in.
    (r"\bcw[ks]_[A-Za-z0-9]{8,}", "[token]"),
    (r"(/login#)[A-Za-z0-9_-]{8,}", "${1}[redacted]"),
    // A JSON web token.
    (r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*", "[token]"),
    // The value of an `Authorization` header, with or without its name.
    (
        r#"(?i)(authorization\\*["']?[ \t]*[:=][ \t]*\\*["']?)(?:\w+[ \t]+)?[^\s"',;\\]+"#,
        "${1}[redacted]",
    ),
    (r"(?i)\b(bearer)[ \t]+[A-Za-z0-9+/=._~-]{8,}", "$1 [redacted]"),
    // The password in an address.
    (r"(?i)(://)[^\s/]*@", "$1[redacted]@"),
    // `token=…`, `"api_key": "…"`, `PASSWORD: …`, `key: Some("…")`, also inside of a quoted text.
    (
        r#"(?i)((?:key|token|secret|password|passwd|credentials?|cookie|access_key_id)\\*["']?[ \t]*[:=][ \t]*(?:Some\()?)(\\+"[^"\n]*"|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s"',;&)}\\]+)"#,
        "${1}[redacted]",
    ),
    // `--token …`, `x-api-key …`
    (
        r#"(?i)((?:--|x-)[\w-]*(?:key|token|secret|password)[ \t]+)("[^"\n]*"|'[^'\n]*'|[^\s"'\[][^\s"']*)"#,
        "${1}[redacted]",
    ),
    // Long runs of hexadecimal digits, like the token of another engine.
    (r"(?i)\b[0-9a-f]{48,}\b", "[redacted]"),
];
const EMAIL: (&str, &str) = (r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", "[email]");

/// Names that identify nobody. To replace them would make a report unreadable.
const COMMON_NAMES: [&str; 20] = [
    "admin",
    "agent",
    "claude",
    "debian",
    "desktop",
    "engine",
    "error",
    "home",
    "host",
    "info",
    "linux",
    "localhost",
    "root",
    "runner",
    "server",
    "shell",
    "task",
    "ubuntu",
    "user",
    "worker",
];

/// Replaces secrets and private names in texts.
pub(super) struct Redactor {
    patterns: Vec<(Regex, &'static str)>,
    secrets: Vec<String>,
    homes: Vec<String>,
    names: Vec<(String, &'static str)>,
}

/// What is private on this machine.
#[derive(Debug, Default)]
pub(super) struct Private<'a> {
    /// The home directory.
    pub(super) home: Option<&'a Path>,
    /// Names of the user.
    pub(super) users: Vec<String>,
    /// Names of the machine.
    pub(super) hosts: Vec<String>,
    /// Secrets that are known.
    pub(super) secrets: Vec<String>,
}

impl Redactor {
    /// A redactor of what is private, and of everything that looks like a secret.
    pub(super) fn new(private: Private<'_>) -> Self {
        let patterns = SECRETS.iter().chain([&EMAIL]);
        let patterns = patterns
            .filter_map(|(pattern, replacement)| Some((Regex::new(pattern).ok()?, *replacement)));
        let homes = private
            .home
            .into_iter()
            .flat_map(|home| [Some(home.to_owned()), home.canonicalize().ok()]);
        let homes = homes.flatten().map(|home| home.display().to_string());
        // The whole name of a machine before its first part.
        let mut hosts = Vec::new();
        for host in private.hosts {
            hosts.extend(host.split_once('.').map(|(first, _)| first.to_owned()));
            hosts.insert(0, host);
        }
        let users = private.users.into_iter().map(|name| (name, "[user]"));
        let names = users.chain(hosts.into_iter().map(|name| (name, "[host]")));
        // A name that is a part of another one comes after it.
        let mut names: Vec<(String, &'static str)> = names.collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let is_private = |name: &str| {
            name.len() > 1 && !COMMON_NAMES.contains(&name.to_ascii_lowercase().as_str())
        };
        Self {
            patterns: patterns.collect(),
            secrets: private.secrets.into_iter().filter(|secret| secret.len() >= 8).collect(),
            homes: homes.filter(|home| home.trim_end_matches('/').len() > 1).collect(),
            names: names.into_iter().filter(|(name, _)| is_private(name)).collect(),
        }
    }

    /// The text without what is private.
    pub(super) fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret, "[redacted]");
        }
        for (pattern, replacement) in &self.patterns {
            text = pattern.replace_all(&text, *replacement).into_owned();
        }
        for home in &self.homes {
            text = replace_word(&text, home.trim_end_matches('/'), "~", |c| {
                c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
            });
        }
        for (name, replacement) in &self.names {
            text = replace_word(&text, name, replacement, char::is_alphanumeric);
        }
        text
    }
}

/// Replaces a word wherever it does not go on on either side, in upper and lower case.
fn replace_word(text: &str, word: &str, with: &str, goes_on: fn(char) -> bool) -> String {
    let (lower, word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    let mut replaced = String::with_capacity(text.len());
    let mut done = 0;
    for (start, _) in lower.match_indices(&word) {
        let end = start + word.len();
        let before = text[..start].chars().next_back();
        let behind = text[end..].chars().next();
        if !before.is_some_and(goes_on) && !behind.is_some_and(goes_on) {
            replaced.push_str(&text[done..start]);
            replaced.push_str(with);
            done = end;
        }
    }
    replaced + &text[done..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        Redactor::new(Private {
            home: Some(Path::new("/home/alice")),
            users: vec!["alice".to_owned(), "root".to_owned()],
            hosts: vec!["tower.example.org".to_owned(), "localhost".to_owned()],
            secrets: vec!["correct horse battery".to_owned(), "short".to_owned()],
        })
    }

    #[test]
    fn every_pattern_is_sound() {
        assert_eq!(redactor().patterns.len(), SECRETS.len() + 1);
    }

    #[test]
    fn secrets_are_taken_out_of_hostile_log_lines() {
        let redactor = redactor();
        for line in [
            "ERROR api said: invalid x-api-key sk-ant-api03-SECRET_SECRET-AA",
            "key:xsk-ant-SECRET",
            "env OPENAI=sk-proj-SECRETSECRETSECRET",
            "git clone https://bob:SECRET@example.com/x.git",
            "git clone https://SECRET@example.com/x.git",
            "curl -H 'Authorization: Bearer SECRETSECRET' http://127.0.0.1:8000",
            "curl -H 'authorization: bearer   SECRET.SECRET' x",
            "Proxy-Authorization: Basic U0VDUkVU-SECRET==",
            "AUTHORIZATION=SECRET",
            "http://127.0.0.1:8000/#token=SECRET&/task/3",
            "http://127.0.0.1:8000/login#SECRETSECRET&/task/3",
            "a token cwk_SECRETSECRETSECRET and a login:cws_SECRETSECRET",
            r#"{"api_key":"SECRET SECRET","x":1}"#,
            r#"{"ANTHROPIC_AUTH_TOKEN": "SECRET"}"#,
            "ANTHROPIC_API_KEY=SECRET claude -p",
            "password: 'SECRET SECRET'",
            "--password=SECRET",
            "Set-Cookie: SECRET",
            "ghp_SECRETSECRETSECRET github_pat_SECRETSECRETSECRET AKIASECRETSECRET00",
            "jwt eyJSECRETSECRET.eyJSECRET.SECRET-_",
            "write to SECRET.SECRET+x@mail.example.org",
            "the phrase is correct horse battery",
            r#"error="config has token = \"SECRET\" in line 3""#,
            r#""warning": "{\"api_key\": \"SECRET\"}""#,
            r#"password="a\"SECRET""#,
            r#"Settings { apikey: Some("SECRET") }"#,
            r#"{\"authorization\": \"Basic U0VDSECRET\"}"#,
            "tool --token SECRET --api-key 'SECRET' x-api-key SECRET",
            "AWS_ACCESS_KEY_ID=SECRET",
            "https://u:p@SECRET@host/x",
        ] {
            let redacted = redactor.redact(line);
            assert!(!redacted.contains("SECRET") && !redacted.contains("horse"), "{redacted}");
            assert_eq!(redactor.redact(&redacted), redacted, "twice is as once");
        }
        let token = format!("an old token {}", "0aF9".repeat(16));
        assert_eq!(redactor.redact(&token), "an old token [redacted]");
    }

    #[test]
    fn names_of_the_user_and_the_machine_are_taken_out() {
        let check = |line: &str, expected: &str| assert_eq!(redactor().redact(line), expected);
        check("cd /home/alice/shop && ls '/home/alice'", "cd ~/shop && ls '~'");
        check("/home/alice2 /home/alice.bak", "/home/alice2 /home/[user].bak");
        check("~/.claude/projects/-home-alice-shop", "~/.claude/projects/-home-[user]-shop");
        check("Alice, ALICE_x and malice", "[user], [user]_x and malice");
        check("on tower.example.org, Tower and towers", "on [host], [host] and towers");
        check("root at localhost is short", "root at localhost is short");
        let nested = Redactor::new(Private {
            users: vec!["alice".to_owned()],
            hosts: vec!["alice-thinkpad".to_owned()],
            ..Private::default()
        });
        assert_eq!(nested.redact("alice on alice-thinkpad"), "[user] on [host]");
    }

    #[test]
    fn ordinary_lines_stay() {
        for line in [
            "2026-11-28T21:59:14Z  INFO claude_worker_engine: started pid=4711 tasks=3",
            "ERROR cannot open tasks.db: disk I/O error (os error 5)",
            "run 12-1-0000002a ended: exit 3 after 12 s, max_tokens = 4096",
            "5 keys, 3 tokens: the basic settings",
        ] {
            assert_eq!(redactor().redact(line), line);
        }
        // A machine without a known home directory.
        let nothing = Redactor::new(Private { home: Some(Path::new("/")), ..Private::default() });
        assert_eq!(nothing.redact("/etc/hosts"), "/etc/hosts");
    }
}
