//! Finds modules of a crate that import each other in a circle.
//!
//! The sources are read as text. At each level of a crate's module tree, the modules that have the
//! same parent are the nodes of a graph. A path such as `crate::a::b` or `super::b` in one of them, or
//! in a module below it, is an edge. A module may use its own parent and its own children. Tests are
//! left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::workspace::Source;

/// One line of text for each circle in the crate whose sources lie below `root` (such as
/// `crates/engine/src/`), with a place in the code for each import that closes it.
pub(super) fn circles(root: &str, sources: &[Source]) -> String {
    let files: Vec<(Vec<String>, &Source)> = sources
        .iter()
        .filter_map(|source| Some((module_path(source.path.strip_prefix(root)?)?, source)))
        .collect();
    let mut children: BTreeMap<&[String], BTreeSet<&str>> = BTreeMap::new();
    for (module, _) in &files {
        for depth in 0..module.len() {
            children.entry(&module[..depth]).or_default().insert(&module[depth]);
        }
    }
    // Per parent module: from which child to which child, and where.
    let mut imports: BTreeMap<&[String], BTreeMap<(&str, &str), String>> = BTreeMap::new();
    for (module, source) in &files {
        let text = code(&source.text);
        for path in paths(&text, module) {
            let common = module.iter().zip(&path).take_while(|(a, b)| a == b).count();
            let parent = &module[..common];
            let (Some(from), Some(to)) = (module.get(common), path.get(common)) else { continue };
            let Some(to) = children.get(parent).and_then(|known| known.get(to.as_str())) else {
                continue;
            };
            let place = || format!("{} uses {}", source.path, path.join("::"));
            imports.entry(parent).or_default().entry((from, to)).or_insert_with(place);
        }
    }
    let mut found = String::new();
    for (parent, edges) in &imports {
        for circle in strongly_connected(edges.keys().copied()) {
            let names = circle.iter().copied().collect::<Vec<_>>().join(", ");
            let parent = parent.join("/");
            let _ = writeln!(found, "{root}{parent}: {names} import each other in a circle:");
            for ((from, to), place) in edges {
                if circle.contains(from) && circle.contains(to) {
                    let _ = writeln!(found, "    {from} -> {to}: {place}");
                }
            }
        }
    }
    found
}

/// The module in a file, as its path from the root of the crate; `None` for a file of tests.
fn module_path(file: &str) -> Option<Vec<String>> {
    let mut path: Vec<&str> = file.strip_suffix(".rs")?.split('/').collect();
    if path.contains(&"tests") {
        return None;
    }
    if matches!(path.as_slice(), ["lib" | "main"]) || path.last() == Some(&"mod") {
        path.pop();
    }
    Some(path.into_iter().map(str::to_owned).collect())
}

/// The text without comments and tests.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if super::begins_tests(line) {
            // `mod tests;` in a line of its own, or `mod tests {` at the end of the file.
            match lines.next() {
                Some(item) if item.ends_with(';') => continue,
                _ => break,
            }
        }
        code.push_str(line.split("//").next().unwrap_or_default());
        code.push('\n');
    }
    code
}

/// Every path in the code of `module` that begins with `crate` or `super`, from the root of the crate.
fn paths(code: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut tokens = tokens(code);
    let mut found = Vec::new();
    while let Some(token) = tokens.next() {
        let mut start = match token {
            "crate" => Vec::new(),
            "super" => module[..module.len().saturating_sub(1)].to_vec(),
            _ => continue,
        };
        if tokens.next_if("::") {
            while tokens.next_if("super") {
                start.pop();
                tokens.next_if("::");
            }
            tree(&mut tokens, &start, &mut found);
        }
    }
    found
}

/// Reads the rest of a path after `start`: names, and groups in braces.
fn tree(tokens: &mut Tokens<'_>, start: &[String], found: &mut Vec<Vec<String>>) {
    let mut path = start.to_vec();
    loop {
        if tokens.next_if("{") {
            while !tokens.next_if("}") {
                tree(tokens, &path, found);
                // What follows a path in a group: a new name, and the comma.
                while tokens.peek().is_some_and(|token| token != "," && token != "}") {
                    tokens.next();
                }
                if !tokens.next_if(",") && tokens.peek().is_none() {
                    return;
                }
            }
            return;
        }
        match tokens.next() {
            Some("self" | "*") | None => break,
            Some(name) => path.push(name.to_owned()),
        }
        if !tokens.next_if("::") {
            break;
        }
    }
    found.push(path);
}

/// The names, `::` and other characters of a text.
struct Tokens<'a> {
    rest: &'a str,
}

fn tokens(text: &str) -> Tokens<'_> {
    Tokens { rest: text }
}

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let token = self.peek()?;
        self.rest = &self.rest.trim_start()[token.len()..];
        Some(token)
    }

    fn next_if(&mut self, expected: &str) -> bool {
        let is_next = self.peek() == Some(expected);
        if is_next {
            self.next();
        }
        is_next
    }

    fn peek(&self) -> Option<&'a str> {
        let rest = self.rest.trim_start();
        let name = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        match rest.chars().next()? {
            _ if name > 0 => Some(&rest[..name]),
            ':' if rest.starts_with("::") => Some(&rest[..2]),
            other => Some(&rest[..other.len_utf8()]),
        }
    }
}

/// The groups of nodes that reach each other along these edges.
fn strongly_connected<'a>(
    edges: impl Iterator<Item = (&'a str, &'a str)>,
) -> BTreeSet<BTreeSet<&'a str>> {
    let mut reached: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in edges {
        reached.entry(from).or_default().insert(to);
    }
    loop {
        let before: usize = reached.values().map(BTreeSet::len).sum();
        for from in reached.keys().copied().collect::<Vec<_>>() {
            let further: Vec<&str> =
                reached[from].iter().filter_map(|to| reached.get(to)).flatten().copied().collect();
            reached.entry(from).or_default().extend(further);
        }
        if reached.values().map(BTreeSet::len).sum::<usize>() == before {
            break;
        }
    }
    let reaches = |from: &str, to: &str| reached.get(from).is_some_and(|all| all.contains(to));
    reached
        .keys()
        .filter(|node| reaches(node, node))
        .map(|node| reached[node].iter().copied().filter(|other| reaches(other, node)).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles_of(files: &[(&str, &str)]) -> String {
        let source = |(path, text): &(&str, &str)| Source {
            path: format!("crates/x/src/{path}"),
            text: (*text).to_owned(),
        };
        circles("crates/x/src/", &files.iter().map(source).collect::<Vec<_>>())
    }

    #[test]
    fn modules_that_import_each_other_are_found() {
        let found = circles_of(&[
            ("lib.rs", "mod a;\nmod b;\nmod c;\nuse crate::a::A;\n"),
            ("a.rs", "use std::io;\n\nuse crate::{\n    b::{self, B as Other},\n    d,\n};\n"),
            ("b/mod.rs", "mod deep;\n"),
            ("b/deep.rs", "fn f() { crate::c::f(); }\n"),
            ("c.rs", "use super::a::A;\n"),
            ("d.rs", "use crate::Item;\n"),
        ]);
        let expected = "crates/x/src/: a, b, c import each other in a circle:\n    \
             a -> b: crates/x/src/a.rs uses b\n    \
             b -> c: crates/x/src/b/deep.rs uses c::f\n    \
             c -> a: crates/x/src/c.rs uses a::A\n";
        assert_eq!(found, expected);
    }

    #[test]
    fn circles_below_a_module_are_found() {
        let found = circles_of(&[
            ("a/mod.rs", "mod one;\nmod two;\nuse one::One;\n"),
            ("a/one.rs", "use super::two::Two;\nuse super::A;\n"),
            ("a/two.rs", "use crate::a::one::One;\n"),
        ]);
        assert!(found.starts_with("crates/x/src/a: one, two import each other"), "{found}");
    }

    #[test]
    fn parents_children_tests_and_comments_make_no_circle() {
        let found = circles_of(&[
            (
                "a/mod.rs",
                "#[cfg(test)]\nmod tests;\nmod child;\nuse child::Child;\nuse crate::b;\n",
            ),
            ("a/child.rs", "use super::A;\nuse super::super::b::B;\n"),
            ("a/tests.rs", "use crate::b;\n"),
            ("b.rs", "// use crate::a;\n#[cfg(test)]\nmod tests {\n    use crate::a;\n}\n"),
        ]);
        assert_eq!(found, "");
    }
}
