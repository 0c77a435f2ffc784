//! A load of HTTP clients, with the standard library only: `cargo xtask bench` compiles it with `rustc`,
//! so that the load costs as little of the machine as possible.
//!
//! `http_load ADDRESS TOKEN DIRECTORY SECONDS CLIENTS FOLLOWERS COMMAND` lets CLIENTS submit the shell
//! task COMMAND over and over, each on a connection of its own, while FOLLOWERS read the stream of
//! events and one client reads tasks. It prints one line of `name=value` pairs; times are in
//! microseconds.
//!
//! `http_load ADDRESS TOKEN DIRECTORY batch TASKS ROUNDS COMMAND` submits batches of TASKS instead.
//!
//! `http_load ADDRESS TOKEN DIRECTORY get PATH ROUNDS` reads one address over and over instead.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The server, and what every request to it carries.
#[derive(Clone)]
struct Server {
    address: String,
    token: String,
    directory: String,
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, token, directory, rest @ ..] = &arguments[..] else {
        return Err(io::Error::other("ADDRESS TOKEN DIRECTORY are missing"));
    };
    let server =
        Server { address: address.clone(), token: token.clone(), directory: directory.clone() };
    match rest {
        [kind, tasks, rounds, command] if kind == "batch" => {
            batches(&server, number(tasks)?, number(rounds)?, command)
        }
        [kind, path, rounds] if kind == "get" => gets(&server, path, number(rounds)?),
        [seconds, clients, followers, command] => {
            load(&server, number(seconds)?, number(clients)?, number(followers)?, command)
        }
        _ => Err(io::Error::other("the arguments are wrong")),
    }
}

fn number(text: &str) -> io::Result<usize> {
    text.parse().map_err(io::Error::other)
}

impl Server {
    fn task(&self, command: &str) -> String {
        format!(
            r#"{{"execution_prompt":"{command}","working_directory":"{}","agent":"shell"}}"#,
            self.directory
        )
    }

    fn connect(&self) -> io::Result<Connection> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        Ok(Connection { reader: BufReader::with_capacity(64 * 1024, stream), body: Vec::new() })
    }

    fn head(&self, verb: &str, path: &str) -> String {
        format!(
            "{verb} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n",
            self.address, self.token
        )
    }

    fn post(&self, path: &str, body: &str) -> String {
        let head = self.head("POST", path);
        format!(
            "{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

/// A connection that is kept.
struct Connection {
    reader: BufReader<TcpStream>,
    body: Vec<u8>,
}

impl Connection {
    /// Sends a request and reads the whole answer; its status.
    fn exchange(&mut self, request: &str) -> io::Result<u16> {
        self.reader.get_mut().write_all(request.as_bytes())?;
        let (status, length) = self.answer_head()?;
        self.body.resize(length, 0);
        self.reader.read_exact(&mut self.body)?;
        Ok(status)
    }

    fn answer_head(&mut self) -> io::Result<(u16, usize)> {
        let (mut status, mut length, mut line) = (0, 0, String::new());
        loop {
            line.clear();
            if self.reader.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let text = line.trim_end();
            if text.is_empty() {
                return Ok((status, length));
            }
            if status == 0 {
                status = text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(1);
            } else if let Some(value) = text.strip_prefix("content-length: ") {
                length = number(value)?;
            }
        }
    }

    /// The number in the field `id` of the answer.
    fn id(&self) -> u64 {
        let text = String::from_utf8_lossy(&self.body);
        after(&text, "\"id\":").unwrap_or_default()
    }
}

/// The number that follows `name`.
fn after(text: &str, name: &str) -> Option<u64> {
    let rest = &text[text.find(name)? + name.len()..];
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

fn load(
    server: &Server,
    seconds: usize,
    clients: usize,
    followers: usize,
    command: &str,
) -> io::Result<()> {
    let over = Arc::new(AtomicBool::new(false));
    let newest = Arc::new(AtomicU64::new(0));
    // How many submissions a follower is to read; unknown until the last one was answered.
    let all = Arc::new(AtomicU64::new(u64::MAX));
    let followed: Vec<_> = (0..followers).map(|_| follow(server, &all)).collect::<Result<_, _>>()?;
    let request = server.post("/api/v1/tasks", &server.task(command));
    let began = Instant::now();
    let submitters: Vec<_> = (0..clients)
        .map(|_| {
            let (server, request) = (server.clone(), request.clone());
            let (over, newest) = (Arc::clone(&over), Arc::clone(&newest));
            thread::spawn(move || {
                measure(&over, || {
                    let mut connection = server.connect()?;
                    let newest = Arc::clone(&newest);
                    let request = request.clone();
                    Ok(move || {
                        let status = connection.exchange(&request)?;
                        newest.store(connection.id(), Ordering::Relaxed);
                        Ok(status)
                    })
                })
            })
        })
        .collect();
    let getter = {
        let (server, over, newest) = (server.clone(), Arc::clone(&over), Arc::clone(&newest));
        thread::spawn(move || {
            measure(&over, || {
                let mut connection = server.connect()?;
                let (server, newest) = (server.clone(), Arc::clone(&newest));
                Ok(move || {
                    // Few requests: they are measured, and are not a load.
                    thread::sleep(Duration::from_millis(5));
                    let id = newest.load(Ordering::Relaxed).max(1);
                    let begin = Instant::now();
                    let head = server.head("GET", &format!("/api/v1/tasks/{id}"));
                    connection.exchange(&format!("{head}\r\n"))?;
                    Ok(begin.elapsed())
                })
            })
        })
    };
    thread::sleep(Duration::from_secs(seconds as u64));
    over.store(true, Ordering::Relaxed);
    let (mut submits, mut gets) = (Vec::new(), Vec::new());
    for submitter in submitters {
        for (status, time) in submitter.join().map_err(|_| io::Error::other("a panic"))?? {
            if status != 201 {
                return Err(io::Error::other(format!("a submission was answered with {status}")));
            }
            submits.push(time);
        }
    }
    let took = began.elapsed();
    all.store(submits.len() as u64, Ordering::Relaxed);
    for (time, _) in getter.join().map_err(|_| io::Error::other("a panic"))?? {
        gets.push(time);
    }
    let (mut seen, mut delays) = (Vec::new(), Vec::new());
    for follower in followed {
        let (count, times) = follower.join().map_err(|_| io::Error::other("a panic"))??;
        seen.push(count);
        delays.extend(times);
    }
    println!(
        "submitted={} micros={} submit_p50={} submit_p99={} get_p99={} event_p95={} seen_least={} seen_most={}",
        submits.len(),
        took.as_micros(),
        quantile(&mut submits, 0.5),
        quantile(&mut submits, 0.99),
        quantile(&mut gets, 0.99),
        quantile(&mut delays, 0.95),
        seen.iter().min().unwrap_or(&0),
        seen.iter().max().unwrap_or(&0),
    );
    Ok(())
}

/// Repeats an exchange until it is over; each result with the time it took.
fn measure<T, E: FnMut() -> io::Result<T>>(
    over: &AtomicBool,
    begin: impl FnOnce() -> io::Result<E>,
) -> io::Result<Vec<(T, Duration)>> {
    let mut exchange = begin()?;
    let mut times = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let begin = Instant::now();
        let result = exchange()?;
        times.push((result, begin.elapsed()));
    }
    Ok(times)
}

fn quantile(times: &mut [Duration], share: f64) -> u128 {
    times.sort_unstable();
    let place = (times.len().saturating_sub(1) as f64 * share).round() as usize;
    times.get(place).map_or(0, Duration::as_micros)
}

type Followed = thread::JoinHandle<io::Result<(u64, Vec<Duration>)>>;

/// Reads the stream of events: how many submissions it told of, and how long after they happened.
fn follow(server: &Server, all: &Arc<AtomicU64>) -> io::Result<Followed> {
    let mut connection = server.connect()?;
    connection.reader.get_mut().set_read_timeout(Some(Duration::from_secs(1)))?;
    let head = server.head("GET", "/api/v1/events/stream");
    connection.reader.get_mut().write_all(format!("{head}\r\n").as_bytes())?;
    let (status, _) = connection.answer_head()?;
    if status != 200 {
        return Err(io::Error::other(format!("the stream was answered with {status}")));
    }
    let all = Arc::clone(all);
    Ok(thread::spawn(move || {
        let mut lines = BufReader::with_capacity(64 * 1024, Chunks::new(connection.reader));
        let (mut count, mut delays, mut line) = (0, Vec::new(), String::new());
        let mut silent_for = 0;
        while count < all.load(Ordering::Relaxed) {
            match lines.read_line(&mut line) {
                Ok(0) => break,
                Ok(_) => silent_for = 0,
                Err(error) if is_timeout(&error) && silent_for < 20 => {
                    silent_for += 1;
                    continue;
                }
                Err(error) => return Err(error),
            }
            if line.contains("\"submitted\"") {
                count += 1;
                delays.push(time_since(&line).ok_or_else(|| io::Error::other("no time"))?);
            }
            line.clear();
        }
        Ok((count, delays))
    }))
}

/// The time since the instant in the field `at`, which was today: `"at":"2026-11-29T03:35:23.110Z"`.
fn time_since(line: &str) -> Option<Duration> {
    const DAY: u128 = 24 * 3600 * 1000;
    let text = line.split_once("\"at\":\"")?.1.split_once('T')?.1.split_once('Z')?.0;
    let mut parts = text.split([':', '.']).map(str::parse::<u128>);
    let mut part = || parts.next()?.ok();
    let at = ((part()? * 60 + part()?) * 60 + part()?) * 1000 + part()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_millis() % DAY;
    Some(Duration::from_millis(((now + DAY - at) % DAY) as u64))
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// The content of a chunked answer.
struct Chunks {
    inner: BufReader<TcpStream>,
    /// How much of the current chunk is left.
    left: usize,
    head: Vec<u8>,
}

impl Chunks {
    fn new(inner: BufReader<TcpStream>) -> Self {
        Self { inner, left: 0, head: Vec::new() }
    }
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            // A timeout in the middle keeps what was read.
            if self.inner.read_until(b'\n', &mut self.head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let text = String::from_utf8_lossy(&self.head).trim().to_owned();
            self.head.clear();
            if text.is_empty() {
                continue; // the end of the last chunk
            }
            self.left = usize::from_str_radix(&text, 16).map_err(io::Error::other)?;
            if self.left == 0 {
                return Ok(0);
            }
        }
        let most = buffer.len().min(self.left);
        let read = self.inner.read(&mut buffer[..most])?;
        self.left -= read;
        Ok(read)
    }
}

fn batches(server: &Server, tasks: usize, rounds: usize, command: &str) -> io::Result<()> {
    let task = server.task(command);
    let body = format!(r#"{{"tasks":[{}]}}"#, vec![task; tasks].join(","));
    let request = server.post("/api/v1/tasks/batch", &body);
    let mut connection = server.connect()?;
    let mut times = Vec::new();
    for _ in 0..rounds {
        let begin = Instant::now();
        let status = connection.exchange(&request)?;
        if status != 201 {
            return Err(io::Error::other(format!("a batch was answered with {status}")));
        }
        times.push(begin.elapsed());
    }
    println!("batch_p50={} batch_max={}", quantile(&mut times, 0.5), quantile(&mut times, 1.0));
    Ok(())
}

fn gets(server: &Server, path: &str, rounds: usize) -> io::Result<()> {
    let request = format!("{}\r\n", server.head("GET", path));
    let mut connection = server.connect()?;
    let mut times = Vec::new();
    for _ in 0..rounds {
        let begin = Instant::now();
        let status = connection.exchange(&request)?;
        if status != 200 {
            return Err(io::Error::other(format!("{path} was answered with {status}")));
        }
        times.push(begin.elapsed());
    }
    println!("get_p50={} get_max={}", quantile(&mut times, 0.5), quantile(&mut times, 1.0));
    Ok(())
}
