//! Logins of browsers.

use super::*;

#[test]
fn a_login_code_works_once_and_its_cookie_until_it_is_revoked() {
    let server = Server::start();
    // The page is public and has no secrets.
    let page = server.ask("GET", "/login", &[], "");
    assert!(page.status == 200 && page.body.contains("claude-worker open --browser"), "{page:?}");
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");

    let code = server.login_code();
    let evil = [JSON, ("origin", "https://evil.example")];
    let body = json!({ "code": code }).to_string();
    assert_eq!(server.ask("POST", "/api/v1/logins/redeem", &evil, &body).status, 403);
    let form = [("content-type", "text/plain")];
    assert_eq!(server.ask("POST", "/api/v1/logins/redeem", &form, &body).status, 415);
    let answer = server.redeem(&code);
    assert_eq!(answer.status, 200, "{answer:?}");
    let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
    for attribute in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!answer.body.contains("cws_"), "scripts do not get it: {answer:?}");
    let replayed = server.redeem(&code);
    assert_eq!(replayed.status, 403, "{replayed:?}");
    assert!(replayed.body.contains("used already"), "{replayed:?}");

    let cookie = cookie.split(';').next().unwrap().to_owned();
    let secret = cookie.split_once('=').unwrap().1.to_owned();
    let get = |cookie: &str| server.ask("GET", "/api/v1/tokens", &[("cookie", cookie)], "");
    let listed = get(&cookie).json();
    let login = &listed["tokens"][0];
    assert_eq!((&login["kind"], &login["name"]), (&json!("browser"), &json!("browser-1")));
    assert_eq!(login["user_agent"], "Test/1.0");
    // A browser sends the password for a proxy along. It neither hides the cookie nor stands for it.
    let (own, basic) =
        (format!("http://{}", server.address), ("authorization", "Basic cHJveHk6eA=="));
    let asked = |headers: &[(&str, &str)]| server.ask("GET", "/api/v1/tokens", headers, "").status;
    assert_eq!(asked(&[("cookie", &cookie), basic]), 200);
    assert_eq!(asked(&[basic]), 401);
    assert_eq!(asked(&[("cookie", &cookie), ("authorization", "Bearer x")]), 401);
    let untyped = [("cookie", cookie.as_str()), ("origin", own.as_str()), basic];
    assert_eq!(server.ask("POST", "/api/v1/logins/logout", &untyped, "").status, 415);
    // The secret of a login is no token, and that of a token no login.
    assert_eq!(server.call(&secret, "GET", "/api/v1/tasks", &Value::Null).status, 401);
    let name = cookie.split_once('=').unwrap().0;
    let token = server.create_token("ci", "full");
    assert_eq!(get(&format!("{name}={token}")).status, 401);
    assert_eq!(get(&format!("{name}={}", server.owner)).status, 401);
    // Tasks of a browser say so.
    let headers = [("cookie", cookie.as_str()), ("origin", own.as_str()), JSON];
    let task =
        server.ask("POST", "/api/v1/tasks", &headers, &server.submission("true").to_string());
    assert_eq!(task.json()["submitted_by"], "browser:browser-1");
    server.home.finished(1);

    // A login outlives the engine. It ends when the browser logs out, or is revoked.
    server.home.run(["server", "stop"]).ok();
    let at = server.address.clone();
    server.home.run(["server", "start", "--http", &at]).ok();
    assert_eq!(get(&cookie).status, 200);
    let logged_out = server.ask("POST", "/api/v1/logins/logout", &headers, "{}");
    assert_eq!(logged_out.status, 200, "{logged_out:?}");
    assert!(logged_out.header("set-cookie").unwrap().contains("Max-Age=0"), "{logged_out:?}");
    assert_eq!(get(&cookie).status, 401);
    let other = server.log_in();
    assert_eq!(get(&other).status, 200);
    server.home.run(["token", "revoke", "browser-3"]).ok();
    assert_eq!(get(&other).status, 401);
    assert!(!server.log().contains(&secret[4..]) && !server.log().contains(&code));
}

#[test]
fn guesses_of_login_codes_are_bounded() {
    let server = Server::start();
    let code = server.login_code();
    let statuses: Vec<u16> =
        (0..40).map(|guess| server.redeem(&format!("{guess:032x}")).status).collect();
    assert_eq!(statuses[..30], [403; 30]);
    assert_eq!(statuses[30..], [429; 10]);
    // Nobody gets in now, with any code.
    let answer = server.redeem(&code);
    assert_eq!(answer.status, 429, "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some("60"));
}
