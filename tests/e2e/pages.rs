//! The web pages that are part of the program.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use crate::support::{Home, PATIENCE};

/// An answer of the server: its head in lower case, and its body.
struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn has(&self, header: &str) -> bool {
        self.head.lines().any(|line| line == header)
    }
}

/// The address of an engine that serves HTTP, without `http://`.
fn serve(home: &Home) -> String {
    home.run(["server", "start", "--http", "127.0.0.1:0"]).ok();
    let url = home.json(["server", "health"])["http"].as_str().unwrap().to_owned();
    url.trim_start_matches("http://").to_owned()
}

fn get(address: &str, path: &str, headers: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{headers}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer");
    let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
    Answer { head, body: answer[end + 4..].to_vec() }
}

/// The address of the script that a page starts with.
fn script(page: &str) -> &str {
    page.split('"').find(|part| part.starts_with("./assets/") && part.ends_with(".js")).unwrap()
}

#[test]
fn the_program_alone_serves_its_pages() {
    let home = Home::new();
    let address = serve(&home);
    let page = get(&address, "/", "");
    let text = String::from_utf8(page.body.clone()).unwrap();
    // The program is built anew when the pages are.
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/served/index.html").is_file();
    if !built {
        assert!(page.head.starts_with("http/1.1 404"), "{}", page.head);
        assert!(text.contains("built without its web pages"), "{text}");
        return;
    }
    assert!(page.head.starts_with("http/1.1 200"), "{}", page.head);
    assert!(page.has("cache-control: no-cache"), "{}", page.head);
    // Without the mark of a weak tag, whose case counts.
    let tag = page.head.lines().find_map(|line| line.strip_prefix("etag: w/")).unwrap();
    let again = get(&address, "/", &format!("if-none-match: {tag}\r\n"));
    assert!(again.head.starts_with("http/1.1 304"), "{}", again.head);
    assert_eq!(again.body, b"");

    let path = script(&text).trim_start_matches('.');
    let brotli = get(&address, path, "accept-encoding: gzip, br\r\n");
    assert!(brotli.has("content-encoding: br"), "{}", brotli.head);
    assert!(brotli.has("content-type: text/javascript; charset=utf-8"), "{}", brotli.head);
    assert!(brotli.has("cache-control: public, max-age=31536000, immutable"), "{}", brotli.head);
    let gzip = get(&address, path, "accept-encoding: gzip\r\n");
    assert!(gzip.has("content-encoding: gzip"), "{}", gzip.head);
    assert!(gzip.body.starts_with(&[0x1f, 0x8b]));
    assert!(brotli.body.len() < gzip.body.len());
}

#[test]
fn an_unknown_address_of_the_api_is_refused_as_such() {
    let home = Home::new();
    let address = serve(&home);
    let token = std::fs::read_to_string(home.data().join("token")).unwrap();
    let answer =
        get(&address, "/api/v1/nothing", &format!("authorization: Bearer {}\r\n", token.trim()));
    assert!(answer.head.starts_with("http/1.1 404"), "{}", answer.head);
    let error: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(error["code"], "not_found");
}
