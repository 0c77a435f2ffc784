//! The language of the app: as chosen, or the system's.

use serde::{Deserialize, Serialize};

/// A language that the app speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// The language of the program's texts, and of all that has no other one.
    #[default]
    English,
    /// German.
    German,
}

/// What the user has chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LanguageChoice {
    /// Always English.
    #[serde(rename = "en")]
    English,
    /// Always German.
    #[serde(rename = "de")]
    German,
    /// The first language of the system that the app speaks. Also what only a newer version knows.
    #[default]
    #[serde(rename = "system", other)]
    System,
}

impl LanguageChoice {
    /// The language to speak. `system` are the languages of the system as tags (`de-AT`), the best first.
    #[must_use]
    pub fn language(self, system: &[String]) -> Language {
        match self {
            Self::English => Language::English,
            Self::German => Language::German,
            Self::System => system.iter().find_map(|tag| known(tag)).unwrap_or_default(),
        }
    }
}

fn known(tag: &str) -> Option<Language> {
    match tag.split('-').next()? {
        "en" => Some(Language::English),
        "de" => Some(Language::German),
        _ => None,
    }
}

/// The languages of the system as tags, the best first, as gettext reads them from the environment. Empty
/// where the environment names none. WebKit would tell its pages only languages that are installed.
pub fn system_languages(variable: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    let Some(locale) = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set) else {
        return Vec::new();
    };
    if matches!(locale.split('.').next(), None | Some("C" | "POSIX")) {
        return Vec::new();
    }
    let listed = variable("LANGUAGE").unwrap_or_default();
    let mut tags: Vec<String> = Vec::new();
    for name in listed.split(':').chain([locale.as_str()]) {
        let tag = name.split(['.', '@']).next().unwrap_or_default().replace('_', "-");
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Vec<String> {
        let value = |name: &str| variables.iter().find(|(known, _)| *known == name);
        system_languages(|name| value(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environment_names_the_languages_as_for_gettext() {
        assert_eq!(of(&[("LANG", "de_AT.UTF-8")]), ["de-AT"]);
        assert_eq!(of(&[("LANG", "fr_FR"), ("LC_MESSAGES", "de_DE@euro")]), ["de-DE"]);
        let listed = [("LANG", "en_US.UTF-8"), ("LANGUAGE", "fr:de_CH:en_US")];
        assert_eq!(of(&listed), ["fr", "de-CH", "en-US"]);
        assert_eq!(of(&[("LC_ALL", ""), ("LANG", "en_GB.UTF-8")]), ["en-GB"]);
    }

    #[test]
    fn the_locale_of_programs_names_no_language() {
        assert!(of(&[]).is_empty());
        assert!(of(&[("LANG", "C.UTF-8"), ("LANGUAGE", "de")]).is_empty());
        assert!(of(&[("LC_ALL", "POSIX"), ("LANG", "de_DE.UTF-8")]).is_empty());
    }

    #[test]
    fn the_first_known_language_of_the_system_is_spoken_unless_one_is_chosen() {
        let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
        let system = |of: &[&str]| LanguageChoice::System.language(&tags(of));
        assert_eq!(system(&["fr-FR", "de-AT", "en"]), Language::German);
        assert_eq!(system(&["fr"]), Language::English);
        assert_eq!(system(&[]), Language::English);
        assert_eq!(LanguageChoice::English.language(&tags(&["de"])), Language::English);
    }

    #[test]
    fn a_language_of_a_newer_version_is_that_of_the_system() {
        let read = |text| serde_json::from_str::<LanguageChoice>(text).unwrap();
        assert_eq!(read("\"de\""), LanguageChoice::German);
        assert_eq!(read("\"tlh\""), LanguageChoice::System);
        assert_eq!(serde_json::to_string(&LanguageChoice::English).unwrap(), "\"en\"");
    }
}
