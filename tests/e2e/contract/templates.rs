//! Templates, and what is installed.

use claude_worker_api::{
    ErrorCode, InstalledBy, SaveTemplate, TaskApi, TaskChanges, Template, TemplateName,
};

use super::code;

/// Templates are kept, changed and removed; leaves none.
pub(super) async fn exercise(api: &impl TaskApi) {
    let template = |name: &str, prompt: &str| Template {
        name: name.to_owned(),
        task: TaskChanges { execution_prompt: Some(prompt.to_owned()), ..TaskChanges::default() },
        ..Template::default()
    };
    let save = |template: &Template, replaces: Option<&str>| {
        let replaces = replaces.map(str::to_owned);
        api.save_template(SaveTemplate { template: template.clone(), replaces })
    };
    let review = template("Review", "Review {{file}}");
    assert_eq!(save(&review, None).await.unwrap().templates, std::slice::from_ref(&review));
    assert_eq!(code(save(&template("REVIEW", "x"), None).await), ErrorCode::Conflict);
    assert_eq!(code(save(&template("Empty", " "), None).await), ErrorCode::InvalidRequest);
    // The same once more changes nothing.
    assert_eq!(save(&review, None).await.unwrap().templates, std::slice::from_ref(&review));
    let audit = template("Audit", "Audit {{file}} for {{focus}}");
    assert_eq!(code(save(&audit, Some("Gone")).await), ErrorCode::NotFound);
    assert_eq!(save(&audit, Some("Review")).await.unwrap().templates, std::slice::from_ref(&audit));
    assert_eq!(api.templates().await.unwrap().templates, [audit]);
    let remove = |name: &str| api.remove_template(TemplateName { name: name.to_owned() });
    assert_eq!(code(remove("Review").await), ErrorCode::NotFound);
    assert_eq!(remove("audit").await.unwrap().templates, []);

    let about = api.about().await.unwrap();
    assert_eq!(
        (about.version.as_str(), about.license.as_str()),
        (env!("CARGO_PKG_VERSION"), "MIT")
    );
    assert_eq!(about.claude.unwrap().version.as_deref(), Some("1.2.3"));
    assert_eq!(about.installation.by, InstalledBy::Build);
}
