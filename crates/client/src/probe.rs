//! Examines the way to an engine on another machine, step by step: name, connection, TLS.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use claude_worker_api::Check;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::server_url::ServerUrl;
use crate::tls;

/// How long each step may take.
const STEP_WITHIN: Duration = Duration::from_secs(10);

/// Goes to the server step by step, up to the first one that fails. Nothing is sent that needs a token.
pub async fn probe(url: &ServerUrl) -> Vec<Check> {
    let mut checks = vec![address(url)];
    let (name, addresses) = resolve(url).await;
    checks.push(name);
    if addresses.is_empty() {
        return checks;
    }
    let (connection, stream) = connect(url, &addresses).await;
    checks.push(connection);
    if let (true, Some(stream)) = (url.is_encrypted(), stream) {
        checks.push(encrypt(url, stream).await);
    }
    checks
}

fn address(url: &ServerUrl) -> Check {
    const NAME: &str = "Address";
    if url.is_encrypted() || url.is_this_machine() {
        return Check::ok(NAME, url.to_string());
    }
    Check::warn(
        NAME,
        format!("{url}: the token and everything else travel unencrypted"),
        "Use https://, or an SSH tunnel and http://127.0.0.1:PORT",
    )
}

async fn resolve(url: &ServerUrl) -> (Check, Vec<SocketAddr>) {
    const NAME: &str = "Name";
    let bad = |why: String| {
        let advice = "Check the host name in CLAUDE_WORKER_SERVER_URL and the network";
        (Check::bad(NAME, format!("{} is not found: {why}", url.host()), advice), Vec::new())
    };
    match timeout(STEP_WITHIN, lookup_host((url.host(), url.port()))).await {
        Ok(Ok(found)) => {
            let found: Vec<SocketAddr> = found.collect();
            let mut shown: Vec<String> = found.iter().map(|at| at.ip().to_string()).collect();
            shown.dedup();
            if found.is_empty() {
                return bad("it has no address".to_owned());
            }
            (Check::ok(NAME, format!("{} is {}", url.host(), shown.join(", "))), found)
        }
        Ok(Err(error)) => bad(error.to_string()),
        Err(_) => bad("no answer from the name server".to_owned()),
    }
}

async fn connect(url: &ServerUrl, addresses: &[SocketAddr]) -> (Check, Option<TcpStream>) {
    const NAME: &str = "Connection";
    let begun = Instant::now();
    let bad = |found: String, advice: &str| (Check::bad(NAME, found, advice), None);
    match timeout(STEP_WITHIN, TcpStream::connect(addresses)).await {
        Ok(Ok(stream)) => {
            let to = stream.peer_addr().map(|peer| peer.to_string()).unwrap_or_default();
            let took = begun.elapsed().as_millis();
            (Check::ok(NAME, format!("to {to}, in {took} ms")), Some(stream))
        }
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => bad(
            format!("refused: nothing listens at port {} there", url.port()),
            "Start it there with `claude-worker server start --port PORT`, and check the port in \
             CLAUDE_WORKER_SERVER_URL; without that variable, the engine of this machine is used",
        ),
        Ok(Err(error)) => bad(error.to_string(), "Check the network and the firewall there"),
        Err(_) => bad(
            format!("no answer within {} s", STEP_WITHIN.as_secs()),
            "A firewall may drop it; check that the port is open there",
        ),
    }
}

async fn encrypt(url: &ServerUrl, stream: TcpStream) -> Check {
    const NAME: &str = "TLS";
    match timeout(STEP_WITHIN, tls::handshake(stream, url)).await {
        Ok(Ok(stream)) => {
            let version = stream.get_ref().1.protocol_version();
            let version = version.and_then(|version| version.as_str()).unwrap_or("TLS");
            Check::ok(
                NAME,
                format!(
                    "{}, certificate accepted",
                    version.replace("TLSv", "TLS ").replace('_', ".")
                ),
            )
        }
        Ok(Err(error)) => Check::bad(NAME, error.message, error.hint),
        Err(_) => Check::bad(
            NAME,
            format!("no answer within {} s", STEP_WITHIN.as_secs()),
            "Check that it speaks TLS at this port; for one that does not, use http://",
        ),
    }
}
