//! Generates the TypeScript types and methods of the user interface: `ui/src/backend/api.ts` and
//! `ui/src/backend/methods.ts`.
//!
//! They are generated from the JSON schemas of the wire types. A schema says which fields may be left
//! out, and that differs by direction: a request may leave out fields with a default, an answer only
//! fields that are skipped when empty. So types of requests are generated from the schema for reading
//! and all others from the schema for writing.
//!
//! `CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-api typescript` writes the files.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use claude_worker_api::{self as api, Call, CallVisitor, METHODS, Method};
use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

const HEAD: &str = "// Generated from crates/api by its test `typescript`; do not edit.\n\
                    // CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-api typescript\n";

/// The longest line in `ui/`.
const WIDTH: usize = 100;

#[test]
fn typescript_of_the_user_interface_is_current() {
    let types = roots();
    for (name, made) in [("methods.ts", methods(&types)), ("api.ts", typescript(types))] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/backend").join(name);
        if std::env::var_os("CLAUDE_WORKER_UPDATE").is_some() {
            std::fs::write(&file, &made).expect("the file can be written");
        }
        let committed = std::fs::read_to_string(&file).expect("the file is there");
        let first_difference = made.lines().zip(committed.lines()).find(|(new, old)| new != old);
        assert!(
            made == committed,
            "{} differs from crates/api: {first_difference:?}. \
             Run this test with CLAUDE_WORKER_UPDATE=1",
            file.display()
        );
    }
}

/// The types of the methods' arguments and answers.
fn roots() -> BTreeMap<String, Value> {
    struct Schemas {
        asked: SchemaGenerator,
        answered: SchemaGenerator,
    }
    impl CallVisitor for Schemas {
        fn visit<C: Call>(&mut self) {
            C::schemas(&mut self.asked, &mut self.answered);
        }
    }
    let mut schemas = Schemas {
        asked: SchemaSettings::draft2020_12().for_deserialize().into_generator(),
        answered: SchemaSettings::draft2020_12().for_serialize().into_generator(),
    };
    api::visit_calls(&mut schemas);
    let Schemas { mut asked, mut answered } = schemas;
    add::<api::OutputQuery>(&mut asked);
    add::<api::ApiError>(&mut answered);
    // Types that only appear flattened into other types.
    add::<api::State>(&mut answered);
    add::<api::Verdict>(&mut answered);
    add::<api::LogItem>(&mut answered);
    add::<api::EventKind>(&mut answered);
    let mut all: BTreeMap<String, Value> = answered.take_definitions(true).into_iter().collect();
    // A type in requests and answers (a task's request) gets its form for requests.
    all.extend(asked.take_definitions(true));
    all
}

/// The methods whose answer is JSON: an interface, and how each call is sent.
fn methods(types: &BTreeMap<String, Value>) -> String {
    let methods: Vec<&Method> =
        METHODS.iter().filter(|it| !matches!(it.answer, "OutputChunk" | "MetricsText")).collect();
    let shown = |name: &str| match name {
        "()" => "void".to_owned(),
        name => name.to_owned(),
    };
    let mut named: Vec<String> = methods
        .iter()
        .flat_map(|it| it.arguments.iter().map(|(_, type_)| *type_).chain([it.answer]))
        .filter(|name| *name != "()")
        .map(str::to_owned)
        .collect();
    named.sort_unstable();
    named.dedup();
    let mut text = HEAD.to_owned();
    let _ = writeln!(text, "import type {{\n  {},\n}} from \"./api\";\n", named.join(",\n  "));
    text.push_str(
        "/** Every method of the engine whose answer is JSON. */\nexport interface EngineApi {\n",
    );
    for method in &methods {
        let summary: Vec<&str> = method.summary.trim().lines().map(str::trim).collect();
        text.push_str(&doc(&json!({ "description": summary.join("\n") }), "  "));
        let arguments = method.arguments.iter().map(|(name, type_)| {
            let required = types.get(*type_).and_then(|schema| schema.get("required"));
            let is_object = types.get(*type_).is_some_and(|schema| schema["type"] == "object");
            let mark = if is_object && required.is_none() { "?" } else { "" };
            format!("{name}{mark}: {type_}, ")
        });
        let _ = writeln!(
            text,
            "  {}({}signal?: AbortSignal): Promise<{}>;",
            camel(method.name),
            arguments.collect::<String>(),
            shown(method.answer)
        );
    }
    text.push_str("}\n\n/** How a call of each method is sent. */\nexport const METHODS = {\n");
    for method in &methods {
        let arguments: Vec<String> =
            method.arguments.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let _ = writeln!(
            text,
            "  {}: {{\n    name: \"{}\",\n    verb: \"{}\",\n    path: \"{}\",\n    arguments: [{}],\n  }},",
            camel(method.name),
            method.name,
            method.verb.name(),
            method.path,
            arguments.join(", ")
        );
    }
    text.push_str("} as const;\n");
    text
}

/// A name as TypeScript writes it.
fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| {
        let (head, tail) = part.split_at(1);
        name + &head.to_uppercase() + tail
    })
}

fn add<T: JsonSchema>(generator: &mut SchemaGenerator) {
    generator.subschema_for::<T>();
}

fn typescript(types: BTreeMap<String, Value>) -> String {
    let types = Types(types);
    let mut text = HEAD.to_owned();
    for (name, schema) in &types.0 {
        text.push('\n');
        text.push_str(&doc(schema, ""));
        let declaration = format!("export type {name} = ");
        let body = types.show(schema, "", Some(name), declaration.len());
        let declaration =
            if body.starts_with('\n') { declaration.trim_end() } else { &declaration };
        let _ = writeln!(text, "{declaration}{body};");
    }
    text
}

/// A type's or field's description as a comment.
fn doc(schema: &Value, indent: &str) -> String {
    let Some(text) = schema.get("description").and_then(Value::as_str) else {
        return String::new();
    };
    let text = text.replace("*/", "* /");
    let lines: Vec<_> = text.lines().collect();
    if let [line] = lines[..] {
        return format!("{indent}/** {line} */\n");
    }
    let lines: String = lines
        .iter()
        .map(|line| format!("{indent} * {line}").trim_end().to_owned() + "\n")
        .collect();
    format!("{indent}/**\n{lines}{indent} */\n")
}

struct Types(BTreeMap<String, Value>);

impl Types {
    /// A schema as a type. Lines after the first begin with `indent`; the first line begins at
    /// `column`. `own` is the name being declared, which must not refer to itself.
    fn show(&self, schema: &Value, indent: &str, own: Option<&str>, column: usize) -> String {
        let Value::Object(schema) = schema else { return "unknown".to_owned() };
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            return name.rsplit('/').next().unwrap_or(name).to_owned();
        }
        if let Some(constant) = schema.get("const") {
            return constant.to_string();
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            let values: Vec<_> = values.iter().map(ToString::to_string).collect();
            return union(&values, indent, column);
        }
        if let Some(choices) = schema.get("oneOf").or_else(|| schema.get("anyOf")) {
            return self.choice(schema, choices, indent, own, column);
        }
        if schema.contains_key("properties") {
            return self.object(schema, indent);
        }
        match &schema["type"] {
            Value::Array(types) => {
                let types = types.iter().filter(|one| *one != "null");
                types.map(|one| self.simple(one, schema, indent)).collect::<Vec<_>>().join(" | ")
            }
            one => self.simple(one, schema, indent),
        }
    }

    fn simple(&self, name: &Value, schema: &Map<String, Value>, indent: &str) -> String {
        match name.as_str().expect("a type's name") {
            "integer" | "number" => "number".to_owned(),
            "boolean" => "boolean".to_owned(),
            "string" => "string".to_owned(),
            "array" => format!("{}[]", self.show(&schema["items"], indent, None, 0)),
            "object" => {
                let values = self.show(&schema["additionalProperties"], indent, None, 0);
                format!("Record<string, {values}>")
            }
            other => panic!("the type {other} is not supported yet"),
        }
    }

    /// One of several types, and the fields they have in common.
    fn choice(
        &self,
        schema: &Map<String, Value>,
        choices: &Value,
        indent: &str,
        own: Option<&str>,
        column: usize,
    ) -> String {
        let choices = choices.as_array().expect("a list of schemas");
        let choices: Vec<&Value> = choices.iter().filter(|one| one["type"] != "null").collect();
        let named = self.named(&choices, own);
        if schema.contains_key("properties") {
            let named = named.expect("choices with common fields have a name of their own");
            return format!("{} & {named}", self.object(schema, indent));
        }
        if let Some(named) = named {
            return named.to_owned();
        }
        if let [one] = choices[..] {
            return self.show(one, indent, None, column);
        }
        let inner = format!("{indent}    ");
        let shown = choices.iter().map(|one| {
            let shown = self.show(one, &inner, None, 0);
            // An intersection inside a union needs parentheses.
            if shown.contains(" & ") { format!("({shown})") } else { shown }
        });
        union(&shown.collect::<Vec<_>>(), indent, column)
    }

    /// The name of the type that has these choices.
    fn named(&self, choices: &[&Value], own: Option<&str>) -> Option<&str> {
        let same = |schema: &Value| {
            let theirs = schema.get("oneOf").and_then(Value::as_array);
            schema.get("properties").is_none()
                && theirs.is_some_and(|theirs| theirs.iter().eq(choices.iter().copied()))
        };
        self.0
            .iter()
            .find(|(name, schema)| own != Some(name.as_str()) && same(schema))
            .map(|(name, _)| name.as_str())
    }

    fn object(&self, schema: &Map<String, Value>, indent: &str) -> String {
        let properties = schema["properties"].as_object().expect("an object's fields");
        let required = schema.get("required").and_then(Value::as_array);
        let is_required =
            |name: &str| required.is_some_and(|required| required.iter().any(|one| one == name));
        // The tag comes first, the other fields are sorted by name, so that the order does not
        // depend on how the JSON map was built.
        let mut fields: Vec<_> = properties.iter().collect();
        fields.sort_by_key(|(name, field)| (field.get("const").is_none(), name.as_str()));
        let inner = format!("{indent}  ");
        let has_docs = fields.iter().any(|(_, field)| field.get("description").is_some());
        let shown = fields.iter().map(|(name, field)| {
            let mark = if is_required(name) { "" } else { "?" };
            let before = format!("{inner}{name}{mark}: ");
            let shown = self.show(field, &inner, None, before.len());
            (doc(field, &inner), format!("{name}{mark}: {shown};"))
        });
        let shown: Vec<_> = shown.collect();
        match &shown[..] {
            [(_, field)] if !has_docs => format!("{{ {} }}", field.trim_end_matches(';')),
            fields => {
                let lines: String =
                    fields.iter().map(|(doc, field)| format!("{doc}{inner}{field}\n")).collect();
                format!("{{\n{lines}{indent}}}")
            }
        }
    }
}

/// A union of types: on one line if it fits, otherwise broken as prettier does.
fn union(types: &[String], indent: &str, column: usize) -> String {
    let line = types.join(" | ");
    let fits = !line.contains('\n') && column + line.len() < WIDTH;
    if fits || types.len() == 1 {
        return line;
    }
    if !line.contains('\n') && indent.is_empty() && line.len() + 3 <= WIDTH {
        return format!("\n  {line}");
    }
    types.iter().map(|one| format!("\n{indent}  | {one}")).collect()
}
