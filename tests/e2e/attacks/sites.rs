//! Pages of other sites.

use super::*;

#[test]
fn pages_of_other_sites_get_and_change_nothing() {
    let server = Server::start();
    let port = server.address.rsplit(':').next().unwrap().to_owned();
    let bearer = format!("Bearer {}", server.owner);
    let cookie = server.log_in();
    let own_origin = format!("http://{}", server.address);
    let task = server.submission("true").to_string();
    // With the right token or cookie, as an attacker would have it only in the victim's browser.
    for credentials in [("authorization", bearer.as_str()), ("cookie", cookie.as_str())] {
        let ask = |method: &str, headers: &[(&str, &str)], body: &str| {
            let headers = [&[credentials], headers].concat();
            server.ask(method, "/api/v1/tasks", &headers, body).status
        };
        // DNS rebinding: the name of the attacker, which now means this machine.
        let hosts = [
            format!("evil.example:{port}"),
            "evil.example".to_owned(),
            format!("127.0.0.1:{port}@evil.example"),
            format!("user@127.0.0.1:{port}"),
            format!("127.0.0.1.:{port}"),
            format!("127.0.0.1:{port}.evil.example"),
            format!("127.0.0.1.nip.io:{port}"),
            format!("0.0.0.0:{port}"),
            "127.0.0.1:1".to_owned(),
            String::new(),
        ];
        for host in &hosts {
            assert_eq!(ask("GET", &[("host", host)], ""), 403, "{host}");
        }
        // Foreign pages, also of another port or scheme, in frames without an origin, and from files.
        let https = format!("https://{}", server.address);
        let longer = format!("http://{}.evil.example", server.address);
        for origin in [
            "https://evil.example",
            "null",
            "http://127.0.0.1:1",
            "http://127.0.0.1",
            "file://",
            "",
            &https,
            &longer,
        ] {
            assert_eq!(ask("POST", &[JSON, ("origin", origin)], &task), 403, "{origin}");
            assert_eq!(ask("GET", &[("origin", origin)], ""), 403, "{origin}");
        }
        // Forms, and what else a page can send without asking first.
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "",
        ] {
            let headers = [("content-type", kind), ("origin", own_origin.as_str())];
            assert_eq!(ask("POST", &headers, &task), 415, "{kind}");
        }
        assert_eq!(ask("POST", &[("origin", own_origin.as_str())], &task), 415, "no type");
        // A browser asks first for everything else, and gets no permission.
        let preflight = [
            ("origin", "https://evil.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type"),
        ];
        let headers = [&[credentials][..], &preflight].concat();
        let answer = server.ask("OPTIONS", "/api/v1/tasks", &headers, "");
        assert!(!answer.head.to_lowercase().contains("access-control-allow"), "{answer:?}");
    }
    // A cookie is of use only to our own pages. Another port is another origin of the same site.
    let ask = |method: &str, headers: &[(&str, &str)]| {
        let headers = [&[("cookie", cookie.as_str()), JSON][..], headers].concat();
        let body = if method == "GET" { "" } else { "{\"paused\":true}" };
        let path = if method == "GET" { "/api/v1/tasks" } else { "/api/v1/queue" };
        server.ask(method, path, &headers, body).status
    };
    assert_eq!(ask("GET", &[]), 200);
    assert_eq!(ask("GET", &[("sec-fetch-site", "none")]), 200);
    for site in ["cross-site", "same-site", "strange"] {
        assert_eq!(ask("GET", &[("sec-fetch-site", site)]), 403, "{site}");
        let headers = [("sec-fetch-site", site), ("origin", own_origin.as_str())];
        assert_eq!(ask("PUT", &headers), 403, "{site}");
    }
    assert_eq!(ask("PUT", &[]), 403, "a change without an origin");
    assert_eq!(server.home.json(["status"])["queue"]["paused"], false);
    let own = [("sec-fetch-site", "same-origin"), ("origin", own_origin.as_str())];
    assert_eq!(ask("PUT", &own), 200);
    assert_eq!(server.home.json(["list"])["tasks"].as_array().unwrap().len(), 0);
}
